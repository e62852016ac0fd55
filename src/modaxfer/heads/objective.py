"""What each problem type asks of a head: outputs, loss, and the way from logits to predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from modaxfer.errors import ConfigError
from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Objective", "TargetScale", "balanced_weights"]

_UNSEEN = -1
"""Class number of a row whose class no training row has, see `modaxfer.contracts.TaskData.targets`."""


@dataclass(frozen=True, kw_only=True)
class TargetScale:
    """Mean and deviation of a regression target, fitted on the training rows, in the target's unit."""

    mean: float = 0.0
    deviation: float = 1.0

    @classmethod
    def fit(cls, targets: np.ndarray) -> TargetScale:
        """Return the scale of `targets` ``[rows]``; a constant target keeps deviation 1."""
        values = np.asarray(targets, np.float64)
        constant = values.max() == values.min()
        return cls(mean=float(values.mean()), deviation=1.0 if constant else float(values.std()))

    def standardised(self, targets: torch.Tensor) -> torch.Tensor:
        """Return `targets` in deviations from the mean, float32 of their shape.

        The difference is taken in float64, which holds a value beyond 10^7 to more than its first digits; on the
        processor, because not every device has float64.
        """
        return ((targets.cpu().double() - self.mean) / self.deviation).float()

    def restored(self, standardised: torch.Tensor) -> np.ndarray:
        """Return values in the target's unit, float64 of the shape of `standardised`."""
        values: np.ndarray = (standardised.cpu().double() * self.deviation + self.mean).numpy()
        return values


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Loss and decoding of one problem type; arithmetic is float32 whatever the body computes in.

    A regression target is standardised in float64, learned in float32, and mapped back in float64.

    A binary problem has two logits like any other single-label one: one rule less, and the same head either way.
    """

    problem: Problem
    classes: int = 0
    """Classes or labels; ignored for regression."""
    scale: TargetScale = field(default_factory=TargetScale)

    @classmethod
    def fit(cls, problem: Problem, classes: int, targets: np.ndarray) -> Objective:
        """Return the objective of a task, with the scale of its training `targets` where it is a regression."""
        scale = TargetScale.fit(targets) if problem is Problem.REGRESSION else TargetScale()
        return cls(problem=problem, classes=classes, scale=scale)

    @property
    def outputs(self) -> int:
        """How many logits or values a head must give per row."""
        return 1 if self.problem is Problem.REGRESSION else self.classes

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return one loss per row, so that the caller can sum over micro-batches and processes.

        Args:
            logits: ``[rows, outputs]``.
            targets: As in `modaxfer.contracts.TaskData`: int64 ``[rows]``, float ``[rows, classes]``, or float64
                ``[rows]`` in the target's unit, on any device.
            class_weight: What `balanced_weights` returns.
            label_smoothing: Share of the target spread over all classes.

        Returns:
            float32 ``[rows]``: cross-entropy, 0 where the class is none of train's; binary cross-entropy averaged
            over labels; squared error of the standardised target.
        """
        logits = logits.float()
        if self.problem is Problem.REGRESSION:
            return (logits.squeeze(1) - self.scale.standardised(targets).to(logits.device)).square()
        targets = targets.to(logits.device)
        if class_weight is not None:
            class_weight = class_weight.to(logits.device)
        if self.problem is Problem.MULTILABEL:
            return _multilabel_loss(logits, targets.float(), class_weight, label_smoothing)
        return functional.cross_entropy(
            logits,
            targets,
            weight=class_weight,
            label_smoothing=label_smoothing,
            reduction="none",
            ignore_index=_UNSEEN,
        )

    def decode(self, logits: torch.Tensor) -> tuple[np.ndarray, np.ndarray | None]:
        """Turn `logits` ``[rows, outputs]`` into predictions and scores.

        Returns:
            Predictions: int64 class numbers ``[rows]``; int64 0/1 ``[rows, classes]`` for multi-label (1 from
            probability 0.5); float64 ``[rows]`` in the target's unit for regression. Scores: float32 probabilities
            ``[rows, classes]``, None for regression.
        """
        logits = logits.detach().float().cpu()
        if self.problem is Problem.REGRESSION:
            return self.scale.restored(logits.squeeze(1)), None
        if self.problem is Problem.MULTILABEL:
            return (logits >= 0).long().numpy(), logits.sigmoid().numpy()
        return logits.argmax(1).numpy(), logits.softmax(1).numpy()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types for the run's folder."""
        scale = {"mean": self.scale.mean, "deviation": self.scale.deviation}
        return {"problem": self.problem.value, "classes": self.classes, "scale": scale}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Objective:
        """Return the objective that `to_dict` described."""
        problem = Problem(values["problem"])
        return cls(problem=problem, classes=values["classes"], scale=TargetScale(**values["scale"]))


def balanced_weights(problem: Problem, classes: int, targets: np.ndarray) -> torch.Tensor:
    """Weigh classes by inverse frequency, as scikit-learn's ``class_weight="balanced"``.

    Args:
        problem: Anything but regression.
        classes: Classes or labels.
        targets: Of the training rows.

    Returns:
        float32 ``[classes]``: rows / (classes that occur * rows of the class). For multi-label ``[2, classes]``, each
        label a problem of its own: the weight of its absence, then of its presence. What never occurs weighs 1.

    Raises:
        ConfigError: The problem is a regression.
    """
    if problem is Problem.REGRESSION:
        raise ConfigError(
            "class_weight needs classes, and this is a regression",
            got="balanced",
            fix="leave class_weight out",
        )
    if problem is Problem.MULTILABEL:
        present = (targets > 0).sum(0)
        counts = np.stack([len(targets) - present, present])
    else:
        counts = np.bincount(targets, minlength=classes)
    weights = counts.sum(0) / ((counts > 0).sum(0) * np.maximum(counts, 1))
    return torch.from_numpy(np.where(counts > 0, weights, 1.0).astype(np.float32))


def _multilabel_loss(
    logits: torch.Tensor, targets: torch.Tensor, class_weight: torch.Tensor | None, label_smoothing: float
) -> torch.Tensor:
    weight = None if class_weight is None else torch.where(targets > 0, class_weight[1], class_weight[0])
    smooth = targets * (1 - label_smoothing) + label_smoothing / 2
    return functional.binary_cross_entropy_with_logits(logits, smooth, weight=weight, reduction="none").mean(1)
