"""Folds of cross-validation: every row is in one of them, no group is torn, and each holds its share of every class."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.rows import TooFewRowsError
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from scipy.sparse import csr_array

__all__ = ["fold_numbers", "published_folds"]


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


def published_folds(table: pa.Table, column: str, count: int) -> np.ndarray:
    """Return int64 ``[rows]``: the fold that each row was published in, from 0, in the order of the folds' names.

    Args:
        table: The rows.
        column: That names their folds.
        count: Number of folds that is asked for.

    Raises:
        DataError: There is no such column, a row has no value in it, or there is another number of folds.
    """
    if column not in table.column_names:
        raise DataError("the column with the published folds is not there", column=column, got=table.column_names)
    values = table.column(column).to_pylist()
    if None in values:
        row = values.index(None) + 1
        raise DataError("a row is in none of the published folds", row=row, column=column, fix="fill it in")
    names = sorted(set(values))
    if len(names) != count:
        raise DataError(
            "this task has published folds, and they are as many as they are",
            column=column,
            got=f"--folds {count}",
            allowed=f"{len(names)}: {', '.join(map(str, names))}",
            fix=f"ask for --folds {len(names)}" if len(names) > 1 else "leave --limit and --folds out",
        )
    return np.array([names.index(value) for value in values], np.int64)


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
