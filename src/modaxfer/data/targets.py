"""Labels: read from a column, turned into classes and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.data.columns import numbers
from modaxfer.data.origin import file_of, is_typed
from modaxfer.errors import DataError
from modaxfer.spec import Problem, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["UNSEEN", "Label", "class_order", "encode", "read_labels", "strata", "unseen"]

UNSEEN = -1
"""Class number of a row whose class no training row has."""

Label = str | float | tuple[str, ...] | None
"""One row's label: a class, a value, a set of classes, or None where it is missing."""

_BINS = 10
_WHOLE = re.compile(r"-?\d+")


def read_labels(table: pa.Table, target: Target) -> list[Label]:
    """Read the target column of `table`.

    Classes are strings without surrounding white space; a whole number is written without ``.0``. In a multi-label
    column of a file without types an empty cell means "no class", elsewhere null means that the label is missing.

    Returns:
        One label per row; NaN stands for a regression value that is no number.

    Raises:
        DataError: The column's type does not fit the problem.
    """
    column = table.column(target.column)
    nested = pa.types.is_nested(column.type)
    if nested and target.problem is not Problem.MULTILABEL:
        raise DataError(
            "the label column holds lists", file=file_of(table) or None, column=target.column,
            got=str(column.type), fix="ask for the problem type multilabel",
        )  # fmt: skip
    if target.problem is Problem.REGRESSION:
        return _values(column)
    if target.problem is Problem.MULTILABEL:
        return [_class_set(value, target.separator, is_typed(table)) for value in column.to_pylist()]
    return [_class(value) for value in column.to_pylist()]


def class_order(labels: Iterable[Label]) -> tuple[str, ...]:
    """Return the distinct classes in `labels`: by value where all are whole numbers, else by alphabet."""
    found = {name for label in labels for name in _names(label)}
    if found and all(_WHOLE.fullmatch(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def encode(labels: Sequence[Label], problem: Problem, classes: Sequence[str]) -> np.ndarray:
    """Return int64 ``[rows]`` class numbers, float32 ``[rows, classes]`` for multi-label, float64 ``[rows]`` values.

    A label that is none of `classes` is -1, in a multi-label row it has no column: `unseen` names it.
    """
    if problem is Problem.REGRESSION:
        return np.asarray(labels, dtype=np.float64)
    number = {name: index for index, name in enumerate(classes)}
    if problem is not Problem.MULTILABEL:
        return np.asarray([number.get(str(label), UNSEEN) for label in labels], dtype=np.int64)
    targets = np.zeros((len(labels), len(classes)), dtype=np.float32)
    for row, label in enumerate(labels):
        targets[row, [number[name] for name in _names(label) if name in number]] = 1
    return targets


def unseen(labels: Sequence[Label], classes: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return row position to those of its labels that are none of `classes`; rows without any are left out."""
    known = set(classes)
    strange = ((row, tuple(name for name in _names(label) if name not in known)) for row, label in enumerate(labels))
    return {row: names for row, names in strange if names}


def strata(targets: np.ndarray, problem: Problem) -> np.ndarray:
    """Return bool ``[rows, strata]``: what a split should hold in equal shares.

    One stratum per class; for multi-label one more for rows without any class; for regression quantile bins.
    """
    if problem is Problem.MULTILABEL:
        return np.column_stack([targets > 0, ~(targets > 0).any(axis=1)])
    if problem is Problem.REGRESSION:
        bins = max(1, min(_BINS, len(targets) // 10))
        edges = np.unique(np.quantile(targets, np.linspace(0, 1, bins + 1)[1:-1]))
        targets = np.searchsorted(edges, targets, side="right")
    present = np.unique(targets)
    return np.asarray(targets[:, None] == present[None, :])


def _names(label: Label) -> tuple[str, ...]:
    """Return the classes that `label` names; a value names none."""
    return label if isinstance(label, tuple) else (label,) if isinstance(label, str) else ()


def _values(column: pa.ChunkedArray) -> list[Label]:
    # NaN is how many tools write a gap; only NaN differs from itself.
    missing = [value is None or value != value for value in column.to_pylist()]
    return [
        None if absent else float("nan") if value is None else value
        for absent, value in zip(missing, numbers(column).to_pylist(), strict=True)
    ]


def _class(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip() or None


def _class_set(value: Any, separator: str, typed: bool) -> tuple[str, ...] | None:
    if value is None:
        return None if typed else ()
    parts = value.split(separator) if isinstance(value, str) else value if isinstance(value, list) else [value]
    return tuple(sorted({name for part in parts if (name := _class(part))}))
