"""What mistakes cost, as a metric: it can decide between epochs, heads and runs, where a cost matrix decides rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from modaxfer_finance.credit import STATLOG_COST

__all__ = ["mean_cost", "statlog_cost"]


def mean_cost(references: np.ndarray, predictions: np.ndarray, cost: tuple[tuple[float, ...], ...]) -> float:
    """Return the mean cost of a row.

    Args:
        references: int ``[rows]`` true classes; rows of -1, a class that training lacks, have no cost and are left out.
        predictions: int ``[rows]`` predicted classes.
        cost: ``[classes, classes]``, true classes down, predicted ones across.
    """
    true = np.asarray(references, np.int64)
    known = true >= 0
    return float(np.array(cost)[true[known], np.asarray(predictions, np.int64)[known]].mean())


def statlog_cost(references: np.ndarray, predictions: np.ndarray, scores: Any = None) -> float:
    """Return the mean cost by the matrix that comes with german-credit; 0.7 is what refusing everybody costs there."""
    return mean_cost(references, predictions, STATLOG_COST)
