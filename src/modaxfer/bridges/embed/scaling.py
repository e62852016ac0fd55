"""Numbers on a common scale, and numbers as positions between quantiles; learned from training values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["QuantileScale", "StandardScale", "bin_edges", "fit_scale", "piecewise_linear", "restore_scale"]

LARGEST = 1e4
"""Deviations from the mean that a number is held to: one absurd value must not drown a token, or overflow."""

KNOTS = 200
"""Quantiles that a quantile scale keeps."""


class StandardScale:
    """Subtracts the mean and divides by the standard deviation; a constant becomes zero.

    Args:
        mean: Of the training values.
        deviation: Their standard deviation; not zero.
    """

    def __init__(self, mean: float, deviation: float) -> None:
        self._mean, self._deviation = mean, deviation

    @classmethod
    def fit(cls, values: np.ndarray) -> StandardScale:
        """Learn from finite values ``[rows]``."""
        mean, deviation = float(values.mean()), float(values.std())
        # Below this, what differs is rounding.
        constant = deviation <= 1e-9 * max(1.0, abs(mean))
        return cls(mean, 1.0 if constant else deviation)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Scale `values` to at most `LARGEST`; NaN stays NaN."""
        scaled: np.ndarray = np.clip((values - self._mean) / self._deviation, -LARGEST, LARGEST)
        return scaled

    def state(self) -> dict[str, Any]:
        """Return plain JSON types for `restore_scale`."""
        return {"mean": self._mean, "deviation": self._deviation}


class QuantileScale:
    """Maps the training distribution to a standard normal one (scikit-learn's `QuantileTransformer`).

    Args:
        quantiles: Evenly spaced quantiles of the training values, at least one.
    """

    def __init__(self, quantiles: Sequence[float]) -> None:
        from sklearn.preprocessing import QuantileTransformer

        self._transformer = QuantileTransformer(output_distribution="normal")
        self._transformer.n_features_in_ = 1
        self._transformer.quantiles_ = np.asarray(quantiles, dtype=float)[:, None]
        self._transformer.references_ = np.linspace(0, 1, len(quantiles))

    @classmethod
    def fit(cls, values: np.ndarray) -> QuantileScale:
        """Learn from finite values ``[rows]``."""
        knots = np.linspace(0, 1, min(KNOTS, len(values)))
        # Rounding can put neighbours a hair out of order.
        return cls(np.maximum.accumulate(np.quantile(values, knots)).tolist())

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Scale `values`; NaN stays NaN."""
        scaled: np.ndarray = self._transformer.transform(values[:, None])[:, 0]
        return scaled

    def state(self) -> dict[str, Any]:
        """Return plain JSON types for `restore_scale`."""
        return {"quantiles": self._transformer.quantiles_[:, 0].tolist()}


def fit_scale(values: np.ndarray, method: str) -> StandardScale | QuantileScale:
    """Learn a scale (``standard`` or ``quantile``) from `values` ``[rows]``, of which some may be NaN."""
    known = values[np.isfinite(values)]
    if not len(known):
        known = np.zeros(1)
    return QuantileScale.fit(known) if method == "quantile" else StandardScale.fit(known)


def restore_scale(state: Mapping[str, Any]) -> StandardScale | QuantileScale:
    """Return the scale that gave `state`."""
    return QuantileScale(**state) if "quantiles" in state else StandardScale(**state)


def bin_edges(values: np.ndarray, bins: int) -> list[float]:
    """Return edges of at most `bins` bins that hold about equally many of `values` ``[rows]``, NaN left out."""
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1))) if len(known) else np.zeros(1)
    return edges.tolist() if len(edges) > 1 else [float(edges[0]), float(edges[0]) + 1.0]


def piecewise_linear(values: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Encode numbers bin by bin (Gorishniy et al. 2022, equation 1).

    A bin is 1 where the number lies above it, 0 where it lies below, its relative position inside; the first and the
    last bin go on outwards.

    Args:
        values: ``[rows]``.
        edges: Rising, one more than there are bins.

    Returns:
        ``[rows, bins]``; NaN stays NaN.
    """
    lower, upper = np.asarray(edges[:-1]), np.asarray(edges[1:])
    position = (values[:, None] - lower) / (upper - lower)
    least, most = np.zeros(len(lower)), np.ones(len(lower))
    least[0], most[-1] = -LARGEST, LARGEST
    encoded: np.ndarray = np.clip(position, least, most)
    return encoded
