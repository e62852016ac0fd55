"""Rows of which the model, or their label, is to be doubted: where a person should look."""

from __future__ import annotations

import numpy as np

from modaxfer.metrics.confident_learning import label_errors

__all__ = ["MOST", "doubted_labels", "least_sure", "rateable"]

MOST = 6
"""How many rows of each kind are shown."""


def rateable(labels: np.ndarray, probabilities: np.ndarray | None) -> bool:
    """Say whether rows have one label each and a probability per class, so that there is a doubt to rate."""
    return (
        probabilities is not None
        and probabilities.dtype != object
        and probabilities.ndim == 2
        and labels.ndim == 1
        and np.issubdtype(labels.dtype, np.integer)
        and bool(np.isfinite(probabilities).all())
    )


def least_sure(probabilities: np.ndarray, count: int = MOST) -> np.ndarray:
    """Return up to `count` rows whose two likeliest classes are closest, the closest first.

    Args:
        probabilities: ``[rows, classes]``, two classes at least.
        count: How many at most.
    """
    two = np.sort(probabilities, 1)[:, -2:]
    return np.argsort(two[:, 1] - two[:, 0], kind="stable")[:count]


def doubted_labels(labels: np.ndarray, probabilities: np.ndarray, count: int = MOST) -> tuple[np.ndarray, int]:
    """Return up to `count` rows whose label is likely wrong, the likeliest first, and how many there are in all.

    Args:
        labels: int ``[rows]``; one that is no column of `probabilities` is left out.
        probabilities: Of a model that was not trained on these rows, ``[rows, classes]``.
        count: How many at most.
    """
    known = np.flatnonzero((labels >= 0) & (labels < probabilities.shape[1]))
    found = known[label_errors(labels[known], probabilities[known])]
    return found[:count], len(found)
