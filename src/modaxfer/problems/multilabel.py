"""Any number of labels per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.criteria.sigmoid import Sigmoid
from modaxfer.problems.labels.sets import SetLabels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Multilabel"]


class Multilabel:
    """A set of labels per row, each there or not by itself."""

    labels = SetLabels()

    def criterion(self, classes: int, targets: np.ndarray) -> Sigmoid:
        """Return the binary cross-entropy, averaged over labels."""
        return Sigmoid(classes=classes)

    def restored(self, state: Mapping[str, Any]) -> Sigmoid:
        """Return the criterion that a run has stored."""
        return Sigmoid.from_state(state)
