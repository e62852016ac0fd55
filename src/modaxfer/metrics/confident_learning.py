"""Labels that are likely wrong, by confident learning: Northcutt, Jiang and Chuang, JAIR 70 (2021), pp. 1373-1411."""

from __future__ import annotations

import numpy as np

__all__ = ["confident_joint", "label_errors"]


def label_errors(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the rows whose label is likely wrong, the likeliest first: the off-diagonal of the confident joint.

    They are ordered by self-confidence, the probability of the label that was given (section 3.2).

    Args:
        labels: The labels that were given, int ``[rows]``.
        probabilities: Of a model that was not trained on these rows, ``[rows, classes]``.

    Returns:
        Numbers of rows, int ``[errors]``.
    """
    found = _confident(labels, probabilities)
    rows = np.flatnonzero((found >= 0) & (found != labels))
    return rows[np.argsort(probabilities[rows, labels[rows]], kind="stable")]


def confident_joint(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Count rows by given label (down) and by the class that they confidently belong to (across), equation 1.

    A row that reaches the threshold of no class is not counted.

    Args:
        labels: The labels that were given, int ``[rows]``.
        probabilities: Of a model that was not trained on these rows, ``[rows, classes]``.

    Returns:
        int64 ``[classes, classes]``.
    """
    found, joint = _confident(labels, probabilities), np.zeros((probabilities.shape[1],) * 2, np.int64)
    np.add.at(joint, (labels[found >= 0], found[found >= 0]), 1)
    return joint


def _confident(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the class of each row that is the likeliest of those whose threshold it reaches; -1 where it reaches none.

    The threshold of a class is the mean of its probability over the rows that are labelled so (equation 2); of a class
    without rows there is none to reach.
    """
    given = labels[:, None] == np.arange(probabilities.shape[1])
    counts = given.sum(0)
    means = (probabilities * given).sum(0) / np.maximum(counts, 1)
    reached = np.where((counts > 0) & (probabilities >= means), probabilities, -1.0)
    return np.where(reached.max(1) >= 0, reached.argmax(1), -1)
