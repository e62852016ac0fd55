"""Principal components: the directions along which vectors differ most (Pearson, Philosophical Magazine 2, 1901)."""

from __future__ import annotations

import numpy as np

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
    _, lengths, directions = np.linalg.svd(centred, full_matrices=False)
    found = directions[:count]
    found *= np.sign(found[np.arange(len(found)), np.abs(found).argmax(1)])[:, None]
    variance = lengths**2
    total = variance.sum()
    shares = variance[:count] / total if total > 0 else np.zeros(len(found))
    missing = count - len(found)
    return np.pad(centred @ found.T, ((0, 0), (0, missing))), np.pad(shares, (0, missing))
