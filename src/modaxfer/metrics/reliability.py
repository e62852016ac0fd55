"""How often a model is right where it says that it is sure: the reliability diagram (Guo et al. 2017, figure 1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["BINS", "Bin", "at_temperature", "reliability"]

BINS = 10
"""Bins of equal width ``(low, high]`` over the confidences 0 ... 1."""


class Bin(NamedTuple):
    """Rows of about one confidence."""

    confidence: float
    """Mean score of the class that was likeliest."""
    right: float
    """Share of rows of that class."""
    rows: int


def reliability(labels: np.ndarray, probabilities: np.ndarray, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins that have rows, the least sure first.

    Args:
        labels: int ``[rows]``.
        probabilities: ``[rows, classes]``.
        bins: How many there are, empty ones included.
    """
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    return tuple(
        Bin(float(sure[place == number].mean()), float(right[place == number].mean()), int((place == number).sum()))
        for number in np.unique(place)
    )


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return ``softmax(log p / T)`` of `probabilities` ``[rows, classes]``: outputs divided by T have that softmax."""
    logs = np.log(np.clip(probabilities, 1e-300, None)) / temperature
    shares = np.exp(logs - logs.max(1, keepdims=True))
    scaled: np.ndarray = shares / shares.sum(1, keepdims=True)
    return scaled
