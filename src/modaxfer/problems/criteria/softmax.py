"""One of several classes per row: cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from modaxfer.contracts import UNSEEN
from modaxfer.problems.criteria.weights import balanced

__all__ = ["Softmax"]


@dataclass(frozen=True, kw_only=True)
class Softmax:
    """A logit per class. Targets are int64 class numbers ``[rows]``, or soft: shares of classes ``[rows, classes]``."""

    classes: int

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Softmax:
        """Return the criterion that said `state` of itself."""
        return cls(classes=state["classes"])

    @property
    def outputs(self) -> int:
        """A logit per class."""
        return self.classes

    def batch(self, targets: np.ndarray) -> torch.Tensor:
        """Return class numbers, int64 ``[rows]``."""
        return torch.from_numpy(targets)

    def loss(
        self,
        outputs: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return the cross-entropy of each row, float32 ``[rows]``; 0 where the class is none of train's."""
        outputs = outputs.float()
        weight = None if class_weight is None else class_weight.to(outputs.device)
        targets = targets.to(outputs.device)
        if targets.is_floating_point():
            targets = targets.float()
        return functional.cross_entropy(
            outputs,
            targets,
            weight=weight,
            label_smoothing=label_smoothing,
            reduction="none",
            ignore_index=UNSEEN,
        )

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return one-hot float32 ``[rows, classes]``; a row of an unseen class is zero throughout."""
        return (targets[:, None] == torch.arange(self.classes, device=targets.device)).float()

    def known(self, targets: np.ndarray) -> np.ndarray:
        """Return which rows are of a class that train has: others have no logit, so no loss either."""
        there: np.ndarray = targets >= 0
        return there

    def class_weights(self, targets: np.ndarray) -> torch.Tensor:
        """Return rows / (classes that occur * rows of the class), float32 ``[classes]``; what never occurs weighs 1."""
        return balanced(np.bincount(targets, minlength=self.classes))

    def total_weight(self, targets: torch.Tensor, class_weight: torch.Tensor | None) -> float:
        """Return the number of rows, or the sum of the weights of their classes."""
        if class_weight is None:
            return float(len(targets))
        targets, weight = targets.cpu(), class_weight.cpu()
        return float((targets.float() @ weight if targets.is_floating_point() else weight[targets]).sum())

    def decode(self, outputs: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the likeliest class, int64 ``[rows]``, and float32 probabilities ``[rows, classes]``."""
        logits = outputs.detach().float().cpu()
        return logits.argmax(1).numpy(), logits.softmax(1).numpy()

    def columns(self, targets: np.ndarray) -> torch.Tensor:
        """Return one-hot classes, float32 ``[rows, classes]``."""
        return self.soft(torch.from_numpy(np.ascontiguousarray(targets)))

    def state(self) -> dict[str, Any]:
        """Return the number of classes."""
        return {"classes": self.classes}
