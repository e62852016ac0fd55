"""What lies between a model's outputs and what is said: probabilities that mean what they say, and a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from modaxfer.contracts import Criterion
from modaxfer.metrics import CostMatrix
from modaxfer.metrics.costs import cheapest

__all__ = ["Decided", "Decision"]


class Decided(NamedTuple):
    """What is said of rows."""

    predictions: np.ndarray
    """As `modaxfer.contracts.Criterion.decode` gives them."""
    raw: np.ndarray | None
    """Scores of the outputs as they are."""
    calibrated: np.ndarray | None
    """Scores of the outputs divided by the temperature."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How outputs become predictions; fitted on validation rows and stored with the model."""

    temperature: float = 1.0
    """By which outputs are divided before they become probabilities."""
    thresholds: tuple[float, ...] = ()
    """Calibrated scores from which on class 1 of two is said, or each label; empty = the likeliest class, one half."""
    cost: CostMatrix = ()
    """``[classes, classes]``: what it costs to say a class (across) of a row of a class (down); then the class that
    is expected to cost least is said. Empty = none."""

    @classmethod
    def of(cls, values: Mapping[str, Any], classes: int) -> Decision:
        """Return what `to_dict` described.

        Raises:
            ValueError: A value is of the wrong kind; like a KeyError or a TypeError, it means damage.
        """
        temperature, thresholds = float(values["temperature"]), tuple(map(float, values["thresholds"]))
        cost = tuple(tuple(map(float, row)) for row in values["cost"])
        if not (isfinite(temperature) and temperature > 0):
            raise ValueError(f"decision.temperature is {temperature!r}")
        if len(thresholds) not in {0, 1, classes} or not all(map(isfinite, thresholds)):
            raise ValueError(f"decision.thresholds is {thresholds!r}")
        if cost and (len(cost) != classes or any(len(row) != classes or not all(map(isfinite, row)) for row in cost)):
            raise ValueError(f"decision.cost is {cost!r}")
        return cls(temperature=temperature, thresholds=thresholds, cost=cost)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)

    def at(self, threshold: float | None) -> Decision:
        """Return the decision by this one threshold, whatever was chosen or costs; itself where it is None."""
        return self if threshold is None else replace(self, thresholds=(threshold,), cost=())

    def apply(self, criterion: Criterion, outputs: Any) -> Decided:
        """Return what is said by outputs ``[rows, outputs]``, or by a list of those of each row's parts."""
        predictions, raw = criterion.decode(outputs)
        calibrated = raw if self.temperature == 1 else criterion.decode(outputs / self.temperature)[1]
        return Decided(self.predicted(predictions, calibrated), raw, calibrated)

    def predicted(self, predictions: np.ndarray, calibrated: np.ndarray | None) -> np.ndarray:
        """Return predictions by the calibrated scores ``[rows, classes]``; those given where nothing was chosen."""
        if calibrated is None or not (self.cost or self.thresholds):
            return predictions
        if self.cost:
            return cheapest(calibrated, self.cost).astype(predictions.dtype)
        scores = calibrated if predictions.ndim == 2 else calibrated[:, 1]
        said: np.ndarray = scores >= np.array(self.thresholds if predictions.ndim == 2 else self.thresholds[0])
        return said.astype(predictions.dtype)
