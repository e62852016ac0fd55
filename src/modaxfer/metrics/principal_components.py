"""Principal components: the directions along which vectors differ most (Pearson, Philosophical Magazine 2, 1901)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

__all__ = ["principal_components"]


def principal_components(vectors: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return where vectors lie along their first principal components, and which share of the variance each has.

    A component points to where the direction's largest weight is positive, as in scikit-learn's ``PCA``.

    Args:
        vectors: ``[rows, width]``.
        count: How many components; where there are fewer, the others are 0.

    Returns:
        float64 ``[rows, count]`` and ``[count]``; of vectors that do not differ all shares are 0.
    """
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    found, variance = _strongest(centred, min(count, *centred.shape))
    found *= np.sign(found[np.arange(len(found)), np.abs(found).argmax(1)])[:, None]
    total = np.square(centred).sum()
    shares = variance / total if total > 0 else np.zeros(len(found))
    missing = count - len(found)
    return np.pad(centred @ found.T, ((0, 0), (0, missing))), np.pad(shares, (0, missing))


def _strongest(centred: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first directions ``[count, width]`` and the sums of squares along them.

    They are those of the smaller product of the vectors with themselves: a singular value decomposition would find all
    of them, which of a few hundred rows takes a second.
    """
    rows, width = centred.shape
    product = centred @ centred.T if rows < width else centred.T @ centred
    lengths, vectors = eigh(product, subset_by_index=(len(product) - count, len(product) - 1))
    lengths, vectors = np.clip(lengths[::-1], 0.0, None), vectors[:, ::-1]
    if rows < width:
        vectors = centred.T @ vectors / np.sqrt(np.where(lengths > 0, lengths, 1.0))
    return np.ascontiguousarray(vectors.T), lengths
