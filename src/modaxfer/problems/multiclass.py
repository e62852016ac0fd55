"""One of several classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.criteria.softmax import Softmax
from modaxfer.problems.labels.classes import ClassLabels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Multiclass"]


class Multiclass:
    """A class per row."""

    labels = ClassLabels()

    def criterion(self, classes: int, targets: np.ndarray) -> Softmax:
        """Return the cross-entropy over the classes."""
        return Softmax(classes=classes)

    def restored(self, state: Mapping[str, Any]) -> Softmax:
        """Return the criterion that a run has stored."""
        return Softmax.from_state(state)
