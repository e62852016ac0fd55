"""What mistakes cost: the cheapest class to say by probabilities (Elkan 2001), and what was said, in cost per row."""

from __future__ import annotations

import numpy as np

__all__ = ["CostMatrix", "cheapest", "costs_of_rows", "expected_cost"]

CostMatrix = tuple[tuple[float, ...], ...]
"""``[classes, classes]``: what it costs to say a class (across) of a row of a class (down); empty = not known."""


def cheapest(scores: np.ndarray, cost: CostMatrix) -> np.ndarray:
    """Return int ``[rows]``: the class that is expected to cost least, by probabilities ``[rows, classes]``."""
    found: np.ndarray = (scores.astype(np.float64) @ np.array(cost)).argmin(1)
    return found


def costs_of_rows(references: np.ndarray, predictions: np.ndarray, cost: CostMatrix) -> np.ndarray:
    """Return float ``[rows]``: what was said of each row costs so much; nan for a row of a class without costs.

    A class that is said and has no costs, as one of another task, costs as much as the dearest mistake.

    Args:
        references: Class numbers ``[rows]``.
        predictions: Class numbers ``[rows]``.
        cost: As said.
    """
    matrix = np.array(cost, float)
    count = len(matrix)
    padded = np.full((count + 1, count + 1), np.nan)
    padded[:count, :count], padded[:count, count] = matrix, matrix.max(1)
    found: np.ndarray = padded[np.minimum(references, count), np.minimum(predictions, count)]
    return found


def expected_cost(
    references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None, cost: CostMatrix
) -> float:
    """Return the mean cost of what was said, over rows whose class has costs; nan without any."""
    costs = costs_of_rows(references, predictions, cost)
    known = costs[~np.isnan(costs)]
    return float(known.mean()) if len(known) else float("nan")
