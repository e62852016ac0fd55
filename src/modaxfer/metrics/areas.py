"""Areas under curves for many resamples at once; conventions as in `modaxfer.metrics.weighted`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics import scores as plain
from modaxfer.metrics.weighted import divide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modaxfer.metrics.weighted import Finish

    Area = Callable[["_Problem", np.ndarray], np.ndarray]
    Slope = Callable[["_Problem"], tuple[float, np.ndarray]]

__all__ = ["Areas", "LinearAreas", "areas"]

ORDERED = 500_000
"""Rows times one-against-rest problems up to which each resample is put in order again."""


def areas(references: np.ndarray, scores: np.ndarray, *, budget: int, fewest: int) -> Areas | LinearAreas:
    """Return the family of areas: exact where rows times problems allow it, else to first order."""
    problems = scores.shape[1] if scores.ndim == 2 and scores.shape[1] > 2 else 1
    if len(references) * problems > ORDERED:
        return LinearAreas(references, scores)
    return Areas(references, scores, budget=budget, fewest=fewest)


class Areas:
    """Scores of an order of rows, one one-against-rest problem after the other."""

    def __init__(self, references: np.ndarray, scores: np.ndarray, *, budget: int, fewest: int) -> None:
        self._given, self._budget, self._fewest = (references, scores), budget, fewest
        self.finish: Finish = {
            plain.roc_auc: lambda weights: self._mean(_Problem.roc_auc, weights),
            plain.average_precision: lambda weights: self._mean(_Problem.average_precision, weights),
        }

    @cached_property
    def _problems(self) -> Sequence[_Problem]:
        return [_Problem(*column) for column in plain.score_columns(*self._given)]

    @property
    def most(self) -> int:
        """Resamples it can afford."""
        return max(self._fewest, self._budget // max(1, len(self._given[0]) * len(self._problems)))

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return `weights`: an order has no sums."""
        return weights

    def _mean(self, area: Area, weights: np.ndarray) -> np.ndarray:
        """Average over the problems that are defined in a resample; nan where none is."""
        total, defined = np.zeros(len(weights)), np.zeros(len(weights))
        for problem in self._problems:
            values = area(problem, weights)
            known = np.isfinite(values)
            total += np.where(known, values, 0)
            defined += known
        return divide(total, defined, undefined=np.nan)


class LinearAreas:
    """The same areas to first order in the weights, for many rows and classes: each is put in order once.

    An area over all rows changes, when a row is drawn once more, by that row's slope (the infinitesimal jackknife;
    for ROC curves the components of DeLong et al. 1988). With as many rows as call for this the difference is far
    below an interval's own error. A class that a resample leaves without a row is overlooked.
    """

    most = None

    def __init__(self, references: np.ndarray, scores: np.ndarray) -> None:
        self._given = references, scores
        self._known: dict[Slope, tuple[float, np.ndarray]] = {}
        self.finish: Finish = {
            plain.roc_auc: lambda weights: self._mean(_Problem.roc_auc_slope, weights),
            plain.average_precision: lambda weights: self._mean(_Problem.average_precision_slope, weights),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return `weights`: an order has no sums."""
        return weights

    def _mean(self, slope: Slope, weights: np.ndarray) -> np.ndarray:
        if slope not in self._known:
            self._known[slope] = self._over_problems(slope)
        value, slopes = self._known[slope]
        linear: np.ndarray = value + weights @ slopes
        return linear

    def _over_problems(self, slope: Slope) -> tuple[float, np.ndarray]:
        """Return the mean area and its slope ``[rows]``, holding one problem at a time; nan where none is defined."""
        total, slopes, count = 0.0, np.zeros(len(self._given[0])), 0
        for column in plain.score_columns(*self._given):
            value, each = slope(_Problem(*column))
            total, count = total + value, count + 1
            slopes += each
        return (total / count, slopes / count) if count else (np.nan, slopes)


class _Problem:
    """Positive and other rows in falling order of their score."""

    def __init__(self, positive: np.ndarray, scores: np.ndarray) -> None:
        order = np.argsort(-scores)
        ranked = scores[order]
        # Equal scores cannot be told apart: a curve has points only behind the last row of each tie.
        self._ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        self._order, self._positive = order, positive[order]

    def roc_auc(self, weights: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve by the trapezoidal rule."""
        true, false = self._curve(weights)
        steps = np.diff(false, axis=1, prepend=0)
        heights = true - np.diff(true, axis=1, prepend=0) / 2
        return divide((steps * heights).sum(1), true[:, -1] * false[:, -1], undefined=np.nan)

    def average_precision(self, weights: np.ndarray) -> np.ndarray:
        """Return the mean of the precision at each positive row, nan without a positive or without another row."""
        true, false = self._curve(weights)
        precision = divide(true, true + false)
        area = divide((np.diff(true, axis=1, prepend=0) * precision).sum(1), true[:, -1], undefined=np.nan)
        return np.where(false[:, -1] > 0, area, np.nan)

    def _curve(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many positives and others stand at or above each distinct score ``[resamples, scores]``."""
        ranked = weights[:, self._order]
        true = np.cumsum(ranked * self._positive, axis=1)[:, self._ends]
        return true, np.cumsum(ranked, axis=1)[:, self._ends] - true

    def roc_auc_slope(self) -> tuple[float, np.ndarray]:
        """Return the area over all rows, and what one more of each row adds to it ``[rows]``."""
        true, false = (curve[0] for curve in self._curve(np.ones((1, len(self._order)))))
        above, below = true - np.diff(true, prepend=0) / 2, false[-1] - false + np.diff(false, prepend=0) / 2
        area = float((np.diff(true, prepend=0) * below).sum() / (true[-1] * false[-1]))
        won = np.where(self._positive, self._spread(below) / false[-1], self._spread(above) / true[-1])
        return area, self._placed((won - area) / np.where(self._positive, true[-1], false[-1]))

    def average_precision_slope(self) -> tuple[float, np.ndarray]:
        """Return the area over all rows, and what one more of each row adds to it ``[rows]``."""
        true, false = (curve[0] for curve in self._curve(np.ones((1, len(self._order)))))
        found, said = np.diff(true, prepend=0), true + false
        area = float((found * true / said).sum() / true[-1])
        # One more row at a score changes the precision there and at every lower one.
        gain, loss = (np.cumsum((found * part / said**2)[::-1])[::-1] for part in (false, true))
        slopes = np.where(
            self._positive, self._spread(true / said + gain) - area, -self._spread(loss)
        ) / true[-1]  # fmt: skip
        return area, self._placed(slopes)

    def _spread(self, values: np.ndarray) -> np.ndarray:
        """Give every row, in falling order, the value of its score ``[scores]`` to ``[rows]``."""
        return np.repeat(values, np.diff(self._ends, prepend=-1))

    def _placed(self, values: np.ndarray) -> np.ndarray:
        """Bring `values` from falling order into that of the rows."""
        placed = np.empty(len(values))
        placed[self._order] = values
        return placed
