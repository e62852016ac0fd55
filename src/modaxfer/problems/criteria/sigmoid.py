"""Labels that are each there or not: binary cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from modaxfer.problems.criteria.weights import balanced

__all__ = ["Sigmoid"]


@dataclass(frozen=True, kw_only=True)
class Sigmoid:
    """A logit per label. Targets are float ``[rows, labels]``: 0 and 1, or soft."""

    classes: int

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Sigmoid:
        """Return the criterion that said `state` of itself."""
        return cls(classes=state["classes"])

    @property
    def outputs(self) -> int:
        """A logit per label."""
        return self.classes

    def batch(self, targets: np.ndarray) -> torch.Tensor:
        """Return 0 and 1, float32 ``[rows, labels]``."""
        return torch.from_numpy(targets)

    def loss(
        self,
        outputs: torch.Tensor,
        targets: torch.Tensor,
        class_weight: torch.Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> torch.Tensor:
        """Return the binary cross-entropy of each row, averaged over labels, float32 ``[rows]``."""
        outputs = outputs.float()
        targets = targets.to(outputs.device).float()
        weight = None
        if class_weight is not None:
            absent, present = class_weight.to(outputs.device)
            weight = torch.where(targets > 0, present, absent)
        smooth = targets * (1 - label_smoothing) + label_smoothing / 2
        return functional.binary_cross_entropy_with_logits(outputs, smooth, weight=weight, reduction="none").mean(1)

    def soft(self, targets: torch.Tensor) -> torch.Tensor:
        """Return float32 ``[rows, labels]``."""
        return targets.float()

    def known(self, targets: np.ndarray) -> np.ndarray:
        """Return True for every row: labels that train lacks have no column."""
        return np.ones(len(targets), bool)

    def class_weights(self, targets: np.ndarray) -> torch.Tensor:
        """Return float32 ``[2, labels]``, each label a problem of its own: the weight of its absence, of its presence.

        That is rows / (2 * rows of the kind); what never occurs weighs 1.
        """
        present = (targets > 0).sum(0)
        return balanced(np.stack([len(targets) - present, present]))

    def total_weight(self, targets: torch.Tensor, class_weight: torch.Tensor | None) -> float:
        """Return the number of rows: a row has labels of both kinds."""
        return float(len(targets))

    def decode(self, outputs: Any) -> tuple[np.ndarray, np.ndarray | None]:
        """Return int64 0/1 ``[rows, labels]``, 1 from probability 0.5, and float32 probabilities ``[rows, labels]``."""
        logits = outputs.detach().float().cpu()
        return (logits >= 0).long().numpy(), logits.sigmoid().numpy()

    def columns(self, targets: np.ndarray) -> torch.Tensor:
        """Return 0 and 1, float32 ``[rows, labels]``."""
        return torch.from_numpy(np.ascontiguousarray(targets)).float()

    def state(self) -> dict[str, Any]:
        """Return the number of labels."""
        return {"classes": self.classes}
