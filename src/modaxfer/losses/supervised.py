"""The task's own loss."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step
from modaxfer.errors import ConfigError

__all__ = ["Supervised"]


class Supervised(nn.Module):
    """Compare outputs with targets as the task's problem asks: cross-entropy, binary cross-entropy, squared error.

    It follows the settings ``train.class_weight`` and ``train.label_smoothing``. Balanced classes weigh by inverse
    frequency, and a step's loss is the weighted mean of its rows'.

    Several views of a row are one row: its loss is their mean.

    Args:
        context: Of streams that show their targets.

    Raises:
        ConfigError: Balanced classes are asked for where there are none, or where labels are not given.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()
        self._criteria = {name: facts.criterion for name, facts in context.streams.items()}
        self._smoothing = context.label_smoothing
        self._weights: dict[str, torch.Tensor] = {}
        for name, facts in context.streams.items() if context.class_weight is not None else ():
            if facts.targets is None:
                raise ConfigError(
                    "train.class_weight weighs classes by how many labels there are of each, and here none are given",
                    got=f"{context.class_weight}, labels of stream {name} predicted or hidden",
                    fix="leave train.class_weight out, or choose another strategy",
                )
            self._weights[name] = facts.criterion.class_weights(facts.targets)

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``.

        Raises:
            HiddenTargetsError: The stream's labels are hidden.
        """
        stream = step.only
        targets = stream.known_targets()
        if stream.views > 1:
            targets = targets.repeat(stream.views, *[1] * (targets.ndim - 1))
        losses: torch.Tensor = self._criteria[stream.name].loss(
            stream.outputs, targets, self._weights.get(stream.name), self._smoothing
        )
        return losses.view(stream.views, -1).mean(0) if stream.views > 1 else losses

    def total(self, stream: str, targets: torch.Tensor) -> float:
        """Return the number of rows, or the sum of their classes' weights."""
        return self._criteria[stream].total_weight(targets, self._weights.get(stream))
