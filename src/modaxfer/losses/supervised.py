"""The task's own loss."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step
from modaxfer.heads.objective import balanced_weights

__all__ = ["Supervised"]


class Supervised(nn.Module):
    """Compare outputs with targets as the task's problem asks: cross-entropy, binary cross-entropy, squared error.

    It follows the settings ``train.class_weight`` and ``train.label_smoothing``. Balanced classes weigh by inverse
    frequency, and a step's loss is the weighted mean of its rows'.

    Args:
        context: Of streams that show their targets.

    Raises:
        ConfigError: Balanced classes are asked for of a regression.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()
        self._objectives = {name: facts.objective for name, facts in context.streams.items()}
        self._smoothing = context.label_smoothing
        self._weights: dict[str, torch.Tensor] = {}
        for name, facts in context.streams.items() if context.class_weight is not None else ():
            if facts.targets is not None:
                objective = facts.objective
                self._weights[name] = balanced_weights(objective.problem, objective.classes, facts.targets)

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``.

        Raises:
            RefusedError: The stream's labels are hidden.
        """
        stream = step.only
        losses: torch.Tensor = self._objectives[stream.name].loss(
            stream.outputs, stream.known_targets(), self._weights.get(stream.name), self._smoothing
        )
        return losses

    def total(self, stream: str, targets: torch.Tensor) -> float:
        """Return the number of rows, or the sum of their classes' weights."""
        weights = self._weights.get(stream)
        if weights is None or targets.ndim > 1:
            return float(len(targets))
        return float(weights[targets].sum())
