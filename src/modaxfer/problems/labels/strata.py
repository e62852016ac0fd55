"""What splits should hold in equal shares, as sparse marks."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

__all__ = ["stratified"]


def stratified(kinds: np.ndarray) -> csr_array:
    """Return sparse bool ``[rows, strata]`` with one stratum per distinct value of `kinds` ``[rows]``."""
    present, stratum = np.unique(kinds, return_inverse=True)
    rows = len(kinds)
    return csr_array((np.ones(rows, bool), (np.arange(rows), stratum.reshape(-1))), shape=(rows, len(present)))
