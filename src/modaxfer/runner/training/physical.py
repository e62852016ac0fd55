"""Rows drawn by chance in batches of few sizes: oneDNN compiles products of matrices, and keeps them, for each size.

Poisson sampling gives each step another number of rows and another longest one. Batches are filled up here by rows
whose gradients are left out (`PhysicalBatch.drawn`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

__all__ = ["PhysicalBatch", "PhysicalBatches"]

PARTS = 4
"""A step of the expected number of rows is cut into so many batches, for its rows are then of like length."""

FEWEST = 8
"""Rows below which a step is not cut, unless memory asks for it."""

FINENESS = 4
"""Lengths between one power of two and the next that batches are filled up to."""


class PhysicalBatch(NamedTuple):
    """Rows that go through the model at once."""

    rows: np.ndarray
    """Row numbers; those that fill up come last."""
    drawn: int
    """So many of them, the first, are the step's."""


class PhysicalBatches:
    """Cuts steps into batches.

    Args:
        lengths: Of all rows of the split, in tokens.
        expected: Rows of a step.
        max_tokens: Largest padded size of a batch; a single longer row goes alone.
        at_once: Rows whose gradients fit into memory.
        parts: Batches that are wanted per step at the least.
    """

    def __init__(self, lengths: np.ndarray, *, expected: int, max_tokens: int, at_once: int, parts: int = 1) -> None:
        self._lengths, self._max_tokens = lengths, max_tokens
        self._most = min(at_once, max(FEWEST, -(-expected // PARTS)), max(1, -(-expected // parts)))
        # Of rows of a class the longest is the last: batches are filled up to its length.
        self._longest = {_class_of(int(lengths[row])): int(row) for row in np.argsort(lengths, kind="stable")}

    def __call__(self, rows: np.ndarray) -> Iterator[PhysicalBatch]:
        """Yield the batches of a step, longest rows first; batches with rows of one class of length are of one size."""
        left = rows[np.argsort(-self._lengths[rows], kind="stable")]
        while len(left):
            longest = int(self._lengths[left[0]])
            filler = self._longest[_class_of(longest)]
            size = max(1, min(self._most, self._max_tokens // max(1, int(self._lengths[filler]))))
            # A place is kept for the row that brings the length.
            count = min(len(left), size if longest == self._lengths[filler] else max(1, size - 1))
            yield PhysicalBatch(np.append(left[:count], np.full(size - count, filler, left.dtype)), count)
            left = left[count:]


def _class_of(length: int) -> int:
    """Return the next of few lengths that is not below `length`: `FINENESS` of them up to each power of two."""
    step: int = 1 << max(0, (length - 1).bit_length() - FINENESS.bit_length())
    return -(-length // step) * step
