"""What a prepared row holds, as a key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xxhash

from modaxfer.contracts import Example

__all__ = ["row_keys"]


def row_keys(rows: Sequence[Example]) -> np.ndarray:
    """Return a hash of what each of `rows` holds, uint8 ``[rows, 16]``: equal rows have equal keys."""
    keys = np.zeros((len(rows), 16), np.uint8)
    for place in range(len(rows)):
        example, made = rows[place], xxhash.xxh3_128()
        for name in sorted(example):
            value = np.ascontiguousarray(example[name])
            made.update(f"{name} {value.dtype.str} {value.shape} ".encode())
            made.update(value.reshape(-1).view(np.uint8).data if value.size else b"")
        keys[place] = np.frombuffer(made.digest(), np.uint8)
    return keys
