"""CORAL in closed form: source features are whitened, then coloured as the target's are (Sun, Feng & Saenko 2016)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modaxfer.contracts import Fitted, SolverContext
from modaxfer.heads.classical.moved import Move, fit_moved
from modaxfer.heads.search_options import SearchOptions

__all__ = ["fit", "power", "recolouring"]

FLOOR = 1e-10
"""Variances below this share of the largest count as this much: what hardly varies is not blown up."""


def fit(context: SolverContext, options: SearchOptions) -> Fitted:
    """Fit a head to source features with the target's mean and covariance; see `recolouring`.

    Args:
        context: Of a labelled stream and one whose labels are hidden.
        options: Of the search; layer and pooling are named.

    Raises:
        RefusedError: The streams are others, or there is no such layer.
        DataError: No head can be fitted.
    """
    return fit_moved(context, recolouring, options)


def recolouring(source: np.ndarray, targets: np.ndarray, target: np.ndarray) -> tuple[Move, Mapping[str, Any]]:
    """Return ``x -> (x - m_s) C_s^-1/2 C_t^1/2 + m_t``.

    Covariances are shrunk by Ledoit & Wolf 2004, where the paper adds the identity: features have no scale of their
    own. Both domains are centred.

    Args:
        source: Source vectors, float64 ``[rows, width]``.
        targets: Not read.
        target: Target vectors, float64 ``[other rows, width]``.

    Source: Sun, Feng & Saenko 2016, "Return of frustratingly easy domain adaptation", algorithm 1.
    """
    from sklearn.covariance import ledoit_wolf

    (own, least), (other, most) = (ledoit_wolf(vectors) for vectors in (source, target))
    matrix = power(own, -0.5) @ power(other, 0.5)
    before, after = source.mean(0), target.mean(0)

    def move(vectors: np.ndarray) -> np.ndarray:
        moved: np.ndarray = (vectors - before) @ matrix + after
        return moved

    return move, {"by": "coral", "shrinkage": [round(float(least), 6), round(float(most), 6)]}


def power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """Return a symmetric matrix raised to `exponent`; see `FLOOR`."""
    values, vectors = np.linalg.eigh(covariance)
    raised: np.ndarray = (vectors * values.clip(FLOOR * max(float(values[-1]), 1e-300)) ** exponent) @ vectors.T
    return raised
