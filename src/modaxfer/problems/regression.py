"""A number per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modaxfer.problems.labels.values import ValueLabels
from modaxfer.problems.objectives.square import SquaredError, TargetScale

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Regression"]


class Regression:
    """A number per row, in the target's own unit."""

    labels = ValueLabels()

    def objective(self, classes: int, targets: np.ndarray) -> SquaredError:
        """Return the squared error of targets standardised as the training ones are."""
        return SquaredError(scale=TargetScale.fit(targets))

    def restored(self, state: Mapping[str, Any]) -> SquaredError:
        """Return the objective that a run has stored."""
        return SquaredError.from_state(state)
