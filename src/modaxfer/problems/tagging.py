"""A tag per word of a text, per patch of an image, per stretch of a sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.criteria.tags import TagSoftmax
from modaxfer.problems.labels.tags import TagLabels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Tagging"]


class Tagging:
    """One of several tags for each part of a row."""

    labels = TagLabels()

    def criterion(self, classes: int, targets: np.ndarray) -> TagSoftmax:
        """Return the cross-entropy over the tags of the training rows."""
        return TagSoftmax.fit(targets)

    def restored(self, state: Mapping[str, Any]) -> TagSoftmax:
        """Return the criterion that a run has stored."""
        return TagSoftmax.from_state(state)
