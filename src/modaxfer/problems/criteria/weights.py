"""Weights of classes that are not equally frequent."""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["balanced"]


def balanced(counts: np.ndarray) -> torch.Tensor:
    """Return total / (kinds that occur * count of the kind), as scikit-learn's ``class_weight="balanced"``.

    Args:
        counts: How often each kind occurs, ``[kinds]`` or ``[kinds, problems]``, each column by itself.

    Returns:
        float32 of the same shape; what never occurs weighs 1.
    """
    weights = counts.sum(0) / ((counts > 0).sum(0) * np.maximum(counts, 1))
    return torch.from_numpy(np.where(counts > 0, weights, 1.0).astype(np.float32))
