"""H-score: how much of the features' spread lies between what is to be told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.contracts import Judged
from modaxfer.transferability.reading import live_layers, mean_of_layers
from modaxfer.transferability.targets import columns_of

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["h_score", "shared_spread"]

ROWS_EACH = 5
"""Rows per feature below which features are reduced."""
COMPONENTS = 256
"""Principal components that are kept then, at most."""


def h_score(encoded: Encoded) -> Judged:
    """Return the H-score of the mean of all layers (Bao et al. 2019), shrunk (Ibrahim et al. 2022).

    ``trace(cov(f)^-1 cov(E[f | y]))`` with the covariance of Ledoit & Wolf (2004), and the numerator shrunk by the same
    share. For labels and numbers, E[f | y] is the best linear guess from the targets' columns, which for classes it is
    anyhow: the score is the sum of squared canonical correlations, of one number R squared. Features of which there is
    more than one per five rows are reduced to principal components first.

    Raises:
        RefusedError: No layer tells rows apart.
    """
    live = live_layers(encoded.layers)
    features = mean_of_layers(encoded.layers, live).astype(np.float64)
    rows, width = features.shape
    reduced = rows < ROWS_EACH * width and min(rows - 1, width) > 1
    if reduced:
        features = _components(features, min(COMPONENTS, rows - 1, width))
    value, shrinkage = shared_spread(features, columns_of(encoded))
    return Judged(
        value=value, layers=live, report={"shrinkage": shrinkage, "components": features.shape[1] if reduced else None}
    )


def shared_spread(features: np.ndarray, columns: np.ndarray, *, shrink: bool = True) -> tuple[float, float]:
    """Return the H-score of `features` ``[rows, width]`` for targets `columns` ``[rows, outputs]``, and the shrinkage.

    Args:
        features: float64.
        columns: float64; constant ones say nothing.
        shrink: Whether the covariance is shrunk towards a multiple of the identity (Ledoit & Wolf 2004); else it is the
            plain one, of which the pseudo-inverse is taken.
    """
    centred, rows = features - features.mean(0), len(features)
    covariance, share = centred.T @ centred / rows, 0.0
    if shrink:
        from sklearn.covariance import ledoit_wolf

        covariance, share = ledoit_wolf(centred, assume_centered=True)
    asked = columns - columns.mean(0)
    joint = centred.T @ asked / rows
    between = joint @ np.linalg.pinv(asked.T @ asked / rows, hermitian=True) @ joint.T
    solved = np.linalg.solve(covariance, between) if shrink else np.linalg.pinv(covariance, hermitian=True) @ between
    return float((1 - share) * np.trace(solved)), float(share)


def _components(features: np.ndarray, count: int) -> np.ndarray:
    """Return the first `count` principal components, ``[rows, count]``, by way of the smaller Gram matrix."""
    centred = features - features.mean(0)
    if len(features) < features.shape[1]:
        values, vectors = np.linalg.eigh(centred @ centred.T)
        return np.asarray(vectors[:, ::-1][:, :count] * np.sqrt(np.maximum(values[::-1][:count], 0)))
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return np.asarray(centred @ vectors[:, ::-1][:, :count])
