"""One of two classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.criteria.softmax import Softmax
from modaxfer.problems.labels.classes import ClassLabels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Binary"]


class Binary:
    """A class of two per row, with two logits like any other choice of one: one rule less, the same head either way."""

    labels = ClassLabels(count=2)

    def criterion(self, classes: int, targets: np.ndarray) -> Softmax:
        """Return the cross-entropy over both classes."""
        return Softmax(classes=classes)

    def restored(self, state: Mapping[str, Any]) -> Softmax:
        """Return the criterion that a run has stored."""
        return Softmax.from_state(state)
