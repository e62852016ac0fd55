"""Supervised pretraining: the labels of one or several tasks, each by a linear head that is thrown away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.config import documented
from modaxfer.contracts import LABEL, SOURCE, UNSEEN, Criterion, ObjectiveContext, ObjectiveLoss, Row, pool
from modaxfer.errors import RefusedError
from modaxfer.pretraining.teacher import states_of

__all__ = ["Supervised", "SupervisedOptions"]


@dataclass(frozen=True, kw_only=True)
class SupervisedOptions:
    """``--set objective.KEY=VALUE``."""

    label_smoothing: float = documented(
        0.0, "Share of a target that is spread over all classes.", minimum=0.0, maximum=0.9
    )


class Supervised(nn.Module):
    """The mean loss of all rows, whatever task they are from; each is the loss that its task's problem has.

    Heads read what a run's would: the class token where the encoder has one, else the mean of all tokens.

    Raises:
        RefusedError: The rows have no labels.
    """

    def __init__(self, context: ObjectiveContext, options: SupervisedOptions) -> None:
        super().__init__()
        if not context.labels:
            raise RefusedError(
                "supervised pretraining reads labels, and these rows have none", got="rows without labels",
                allowed="labelled tasks", fix="choose an objective that reads none (`modaxfer list objectives`)",
            )  # fmt: skip
        self._student, self._smoothing = context.student, options.label_smoothing
        self._tasks = dict(context.labels)
        self._pooling = "cls" if context.student.first else "mean"
        width = context.student.encoder.hidden_size
        self.heads = nn.ModuleList(nn.Linear(width, labels.outputs) for labels in self._tasks.values())

    def begin(self, rows: Sequence[Row]) -> None:
        """Nothing has to be known before."""

    def prepare(self, rows: Sequence[Row], generator: torch.Generator) -> Mapping[str, Any]:
        """Return a batch, and by task which of its rows are from there, and their targets."""
        answers = {}
        for number, (name, labels) in enumerate(self._tasks.items()):
            places = [place for place, row in enumerate(rows) if row[SOURCE] == name]
            if places:
                targets = np.asarray([rows[place][LABEL] for place in places])
                answers[str(number)] = {"rows": torch.tensor(places), "targets": labels.batch(targets)}
        return {"batch": self._student.batch(rows), "answers": answers}

    def forward(self, prepared: Mapping[str, Any]) -> ObjectiveLoss:
        """Return the mean loss, the share of rows whose class is guessed, and of several tasks both by task."""
        vectors = pool(states_of(self._student, prepared["batch"]), self._pooling)
        losses, guessed, numbers = [], [], {}
        for number, (name, labels) in enumerate(self._tasks.items()):
            answer = prepared["answers"].get(str(number))
            if answer is None:
                continue
            own, right = self._judged(labels, self.heads[number](vectors[answer["rows"]]), answer["targets"])
            losses.append(own)
            guessed.append(right)
            if len(self._tasks) > 1:
                numbers[f"loss of {name}"] = own.mean()
                numbers |= {f"accuracy of {name}": right.mean()} if len(right) else {}
        known = torch.cat(guessed)
        accuracy = {"accuracy": known.mean()} if len(known) else {}
        return ObjectiveLoss(loss=torch.cat(losses).mean(), vectors=vectors, numbers=accuracy | numbers)

    def _judged(
        self, labels: Criterion, outputs: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of each row, and whether its class is guessed; of rows without one class nothing."""
        losses = labels.loss(outputs, targets, label_smoothing=self._smoothing)
        if targets.ndim > 1 or targets.is_floating_point():
            return losses, losses.new_empty(0)
        known = targets != UNSEEN
        return losses, (outputs.argmax(1) == targets)[known].float()
