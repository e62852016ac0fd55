"""Distances between two sets of vectors."""

from __future__ import annotations

import numpy as np

__all__ = ["bures_squared", "gaussian_kernel", "median_distance", "mmd_squared"]


def _squared(rows: np.ndarray) -> np.ndarray:
    """Return squared distances of all pairs, float64 ``[rows, rows]``."""
    lengths = np.square(rows).sum(1)
    found: np.ndarray = np.maximum(lengths[:, None] + lengths - 2 * rows @ rows.T, 0)
    np.fill_diagonal(found, 0)
    return found


def median_distance(rows: np.ndarray) -> float:
    """Return the median distance of two of `rows` ``[rows, width]``: the usual bandwidth (Gretton et al. 2012)."""
    found = _squared(rows)[np.triu_indices(len(rows), 1)]
    return float(np.sqrt(max(np.median(found), np.finfo(float).tiny)))


def gaussian_kernel(rows: np.ndarray, bandwidth: float) -> np.ndarray:
    """Return ``exp(-distance^2 / (2 bandwidth^2))`` of all pairs of `rows` ``[rows, width]``, ``[rows, rows]``."""
    found: np.ndarray = np.exp(-_squared(np.asarray(rows, np.float64)) / (2 * bandwidth**2))
    return found


def mmd_squared(kernel: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the squared maximum mean discrepancy without bias (Gretton et al. 2012, equation 3), ``[times]``.

    A pair of a row with itself does not count, so that equal distributions come to 0 on average, and to less in half
    of all samples.

    Args:
        kernel: Of all pairs of rows, ``[rows, rows]``.
        source: How often each row counts for the source, ``[times, rows]``: 0 or 1, or a resample's counts.
        target: The same for the target.
    """

    def within(weights: np.ndarray) -> np.ndarray:
        own = np.square(weights)
        total = ((weights @ kernel) * weights).sum(1) - own @ kernel.diagonal()
        return np.asarray(total / (np.square(weights.sum(1)) - own.sum(1)))

    across = ((source @ kernel) * target).sum(1) / (source.sum(1) * target.sum(1))
    found: np.ndarray = within(source) + within(target) - 2 * across
    return found


def bures_squared(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """Return the squared Bures-Wasserstein distance of two Gaussians.

    ``|m - n|^2 + tr S + tr T - 2 tr (S^0.5 T S^0.5)^0.5`` (Dowson & Landau 1982); the same as
    `modaxfer.bridges.embed.align.gaussian_distance`, which takes rows, for moments.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0)).sum()
    apart = np.square(np.asarray(mean) - other_mean).sum()
    return float(apart + np.trace(covariance) + np.trace(other_covariance) - 2 * shared)
