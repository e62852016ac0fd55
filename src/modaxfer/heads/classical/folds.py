"""Inner folds over the training rows."""

from __future__ import annotations

import numpy as np

from modaxfer.errors import DataError

__all__ = ["inner_folds"]

BINS = 10


def inner_folds(targets: np.ndarray, count: int, *, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Deal rows out to folds so that each has about the same mix of targets and no group stands in two.

    Groups are shuffled, put in order of the target of their first row and dealt out like cards. Unlike scikit-learn's
    StratifiedGroupKFold it takes any problem type, any class size, and milliseconds for thousands of groups.

    Args:
        targets: Of the training rows: class numbers ``[rows]``; 0/1 ``[rows, labels]``, alike when all labels are;
            or numbers, float ``[rows]``, alike when in the same tenth.
        count: Folds wanted; fewer where there are fewer groups.
        groups: int ``[rows]``, or None when every row stands alone.
        seed: Of the shuffle.

    Returns:
        int64 ``[rows]``: the fold in which each row is held out.

    Raises:
        DataError: There are fewer than two groups.
    """
    if groups is None:
        groups = np.arange(len(targets))
    _, first, group_of_row = np.unique(groups, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise DataError(
            "not enough training rows to choose a head by inner folds",
            got=f"{len(targets)} rows in {len(first)} groups",
            allowed="at least 2 groups",
            fix="give more labelled rows",
        )
    order = np.lexsort((np.random.default_rng(seed).random(len(first)), _kind(targets)[first]))
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[order] = np.arange(len(first)) % min(count, len(first))
    return fold_of_group[group_of_row]


def _kind(targets: np.ndarray) -> np.ndarray:
    if targets.ndim == 2:
        kind: np.ndarray = np.unique(targets, axis=0, return_inverse=True)[1].reshape(-1)
        return kind
    if np.issubdtype(targets.dtype, np.integer):
        return targets
    rank = np.argsort(np.argsort(targets, kind="stable"), kind="stable")
    return rank * BINS // len(targets)
