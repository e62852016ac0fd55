"""Areas under curves for many resamples at once; conventions as in `modaxfer.metrics.weighted`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics import scores as plain
from modaxfer.metrics.weighted import divide

if TYPE_CHECKING:
    from collections.abc import Callable

    from modaxfer.metrics.weighted import Finish

__all__ = ["Ranking"]


class Ranking:
    """Scores of an order of rows, one one-against-rest problem after the other."""

    def __init__(self, references: np.ndarray, scores: np.ndarray, *, budget: int, fewest: int) -> None:
        self._problems = [_Problem(*column) for column in plain.score_columns(references, scores)]
        self.most = max(fewest, budget // max(1, len(references) * len(self._problems)))
        self.finish: Finish = {
            plain.roc_auc: lambda weights: self._mean(_Problem.roc_auc, weights),
            plain.average_precision: lambda weights: self._mean(_Problem.average_precision, weights),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return `weights`: an order has no sums."""
        return weights

    def _mean(self, area: Callable[[_Problem, np.ndarray], np.ndarray], weights: np.ndarray) -> np.ndarray:
        """Average over the problems that are defined in a resample; nan where none is."""
        total, defined = np.zeros(len(weights)), np.zeros(len(weights))
        for problem in self._problems:
            values = area(problem, weights)
            known = np.isfinite(values)
            total += np.where(known, values, 0)
            defined += known
        return divide(total, defined, undefined=np.nan)


class _Problem:
    """Positive and other rows in falling order of their score."""

    def __init__(self, positive: np.ndarray, scores: np.ndarray) -> None:
        order = np.argsort(-scores, kind="stable")
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
