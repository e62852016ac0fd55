"""One task's part in a gradient phase: where its rows enter the model, its loss, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Batch
from modaxfer.errors import RunFailedError
from modaxfer.heads.objective import balanced_weights
from modaxfer.heads.uncertainty import UncertaintyWeights
from modaxfer.plan import Part, Phase
from modaxfer.runner.model.transfer import ModelParameter
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import entry_point

__all__ = ["Lane", "StepModule", "trainable_parameters"]


class StepModule(nn.Module):
    """The models of all tasks as one module, so that several processes can share its gradients.

    Args:
        models: One `TransferModel` per task; they may share an encoder.
        weights: Learned weights of the tasks' losses, where there are any.
    """

    def __init__(self, models: Sequence[nn.Module], weights: UncertaintyWeights | None = None) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.weights = weights

    def forward(self, lane: int, batch: Batch, start: int) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the logits of task `lane`, and the log variance that its loss is weighed by, where there are any.

        Both come from here, so that several processes find every parameter that takes part.
        """
        return self.models[lane](batch, start), None if self.weights is None else self.weights.log_variances[lane]


class Lane:
    """What a phase needs of one task.

    Args:
        session: The task's session; its model is opened for the phase already.
    """

    def __init__(self, session: TaskSession) -> None:
        self.session = session
        self.entry, self.validation = entry_point(session, "train"), entry_point(session, "validation")
        split = session.splits["train"]
        self.lengths = split.lengths
        self.targets = torch.from_numpy(split.targets)
        self.class_weight: torch.Tensor | None = None
        if session.train.class_weight is not None:
            weights = balanced_weights(session.problem, session.objective.classes, split.targets)
            self.class_weight = weights.to(session.computer.device)

    def batch(self, rows: np.ndarray) -> Batch:
        """Return rows where they enter the model, padded, on the device."""
        return self.session.computer.place(self.entry.collate([self.entry.rows[row] for row in rows]))

    def loss(self, logits: torch.Tensor, rows: np.ndarray, scale: float) -> torch.Tensor:
        """Return the sum of the rows' losses, times `scale`."""
        session = self.session
        targets = self.targets[rows]
        losses = session.objective.loss(logits, targets, self.class_weight, session.train.label_smoothing)
        return losses.sum() * scale

    def total_weight(self, rows: np.ndarray) -> float:
        """Return what a step's summed loss is divided by: its rows, or their class weights."""
        if self.class_weight is None or self.targets.ndim > 1:
            return float(len(rows))
        return float(self.class_weight.cpu()[self.targets[rows]].sum())

    def validate(self) -> dict[str, Any]:
        """Score the validation split: ``judged`` (greater is better), the primary metric by name, and ``loss``."""
        session, split = self.session, self.session.splits["validation"]
        logits = session.logits(
            split, self.validation.layer, rows=self.validation.rows, collate=self.validation.collate
        )
        predictions, scores = session.objective.decode(logits)
        judged = session.judge(split.targets, predictions, scores)
        # A class that train lacks has no logit, so no loss either; the judged score counts it as an error.
        known = split.targets >= 0 if split.targets.dtype == np.int64 else np.ones(len(split.targets), bool)
        losses = session.objective.loss(logits, torch.from_numpy(split.targets))
        loss = float(losses[torch.from_numpy(known)].mean())
        skill = session.skill(judged, split.targets, predictions)
        return {"judged": judged, "skill": skill, session.primary: session.value_of(judged), "loss": loss}


def trainable_parameters(lanes: Sequence[TaskSession], phase: Phase) -> dict[str, ModelParameter]:
    """Open every task's model for `phase` and return the trainable parameters by name, shared ones once.

    With several tasks, names of parameters that only one of them has start with its number.

    Raises:
        RunFailedError: A part that the phase trains owns no parameter in any of the models.
    """
    trainable = [session.model.open_for(phase) for session in lanes]
    _refuse_empty_parts(phase, {parameter.part for own in trainable for parameter in own.values()})
    if len(trainable) == 1:
        return trainable[0]
    seen: set[int] = set()
    parameters: dict[str, ModelParameter] = {}
    for number, own in enumerate(trainable):
        for name, parameter in own.items():
            if id(parameter.tensor) not in seen:
                seen.add(id(parameter.tensor))
                parameters[f"{number}.{name}"] = parameter
                # Another task's model, opened after this one, may have closed what it does not read.
                parameter.tensor.requires_grad_(True)
    return parameters


def _refuse_empty_parts(phase: Phase, moving: set[Part]) -> None:
    """Refuse a phase of which a part would not move; embeddings and norms belong to the body, with or without them."""
    body = {Part.BODY, Part.NORM, Part.EMBEDDINGS}
    missing = phase.trainable - body - moving
    if Part.BODY in phase.trainable and not moving & body:
        missing |= {Part.BODY}
    if missing and phase.solver is None:
        raise RunFailedError(
            f"phase {phase.name} trains what this model does not have",
            got=sorted(missing),
            allowed=sorted(moving),
            fix="correct the plan of the strategy, or set from_layer lower",
        )
