"""Rows of different lengths as one array, and which of it is real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

__all__ = ["pad", "pad_mask"]


def pad(arrays: Sequence[np.ndarray], value: float = 0, dtype: Any = None) -> torch.Tensor:
    """Stack arrays ``[length, ...]`` to ``[batch, longest, ...]``, filled up with `value`."""
    longest = max(len(array) for array in arrays)
    stacked = np.full((len(arrays), longest, *arrays[0].shape[1:]), value, dtype=dtype or arrays[0].dtype)
    for row, array in enumerate(arrays):
        stacked[row, : len(array)] = array
    return torch.from_numpy(stacked)


def pad_mask(lengths: Sequence[int]) -> torch.Tensor:
    """Return bool ``[batch, longest]``, True where a row still has tokens."""
    counts = torch.as_tensor(lengths)
    return torch.arange(int(counts.max())) < counts[:, None]
