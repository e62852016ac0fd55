"""A number per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.criteria.square import SquaredError, TargetScale
from modaxfer.problems.labels.values import ValueLabels

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Regression"]


class Regression:
    """A number per row, in the target's own unit."""

    labels = ValueLabels()

    def criterion(self, classes: int, targets: np.ndarray) -> SquaredError:
        """Return the squared error of targets standardised as the training ones are."""
        return SquaredError(scale=TargetScale.fit(targets))

    def restored(self, state: Mapping[str, Any]) -> SquaredError:
        """Return the criterion that a run has stored."""
        return SquaredError.from_state(state)
