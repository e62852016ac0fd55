"""Folds of cross-validation: every row is in one of them, no group is torn, and each holds its share of every class."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.rows import TooFewRowsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csr_array

__all__ = ["fold_numbers"]


def fold_numbers(strata: csr_array, groups: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return int64 ``[rows]``: the fold of each row, from 0 to `count` - 1.

    Single rows are parted by `sklearn.model_selection.StratifiedKFold`, groups by ``StratifiedGroupKFold``, without
    strata where none has as many rows as there are folds. A stratum of fewer rows is missing in some folds. A row of
    several labels counts as its combination of labels where that is as frequent, else as its rarest label (Sechidis et
    al. 2011, section 3.1, stratify by combinations).

    Args:
        strata: sparse bool ``[rows, strata]``, see `modaxfer.contracts.LabelType.strata`.
        groups: int ``[rows]`` group numbers from 0.
        count: Number of folds, at least 2.
        seed: Seed of the choice.

    Raises:
        DataError: There are fewer groups than folds, or groups so large that a fold is left empty.
    """
    kinds, distinct = _kinds(strata, count), len(np.unique(groups))
    numbers = np.full(len(groups), -1, np.int64)
    if distinct >= count:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            for number, held in enumerate(_held(kinds, groups, count, seed)):
                numbers[held] = number
    if len(np.unique(numbers[numbers >= 0])) < count:
        raise TooFewRowsError(
            "too few rows for this many folds",
            got=f"{count} folds, {distinct} groups of rows that belong together, {len(groups)} rows",
            fix="ask for fewer --folds",
        )
    return numbers


def _held(kinds: np.ndarray, groups: np.ndarray, count: int, seed: int) -> Iterator[np.ndarray]:
    from sklearn import model_selection

    grouped = len(np.unique(groups)) < len(groups)
    stratified = np.bincount(kinds).max() >= count
    name = f"{'Stratified' if stratified else ''}{'Group' if grouped else ''}KFold"
    splitter = getattr(model_selection, name)(n_splits=count, shuffle=True, random_state=seed)
    for _, held in splitter.split(np.zeros(len(kinds)), kinds, groups if grouped else None):
        yield held


def _kinds(strata: csr_array, count: int) -> np.ndarray:
    """Return int64 ``[rows]``: one stratum per row."""
    if bool((strata.sum(axis=1) == 1).all()):
        return np.asarray(strata.argmax(axis=1)).reshape(-1)
    sizes = strata.sum(axis=0)
    sets = [tuple(row.indices) for row in strata]
    rows_of: dict[tuple[int, ...], int] = {}
    for found in sets:
        rows_of[found] = rows_of.get(found, 0) + 1
    chosen = [found if rows_of[found] >= count else (min(found, key=lambda label: sizes[label]),) for found in sets]
    number = {found: place for place, found in enumerate(dict.fromkeys(chosen))}
    return np.array([number[found] for found in chosen])
