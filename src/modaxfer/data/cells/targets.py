"""Labels: read from a column, turned into classes and numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from modaxfer.data.cells.labels import LabelReading, learn_labels, spellings, values_of
from modaxfer.data.cells.numerals import Numerals, is_text_type, number_note, unusual
from modaxfer.data.cells.readings import present_text
from modaxfer.data.origin import file_of, is_typed
from modaxfer.errors import DataError
from modaxfer.spec import Problem, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["UNSEEN", "Label", "class_order", "encode", "label_notes", "read_labels", "strata", "unseen"]

UNSEEN = -1
"""Class number of a row whose class no training row has."""

Label = str | float | tuple[str, ...] | None
"""One row's label: a class, a value, a set of classes, or None where it is missing."""

_BINS = 10
_WHOLE = re.compile(r"-?\d+")


def read_labels(table: pa.Table, target: Target, reading: LabelReading | None = None) -> list[Label]:
    """Read the target of `table`, one column or several.

    Classes are strings without surrounding white space, in Unicode's composed form; where all labels are whole numbers
    they are written without ``.0``. In a file without types what pandas takes for a gap is a missing label. In a
    multi-label column of such a file an empty cell means "no class", elsewhere null means that the label is missing.

    Args:
        table: Rows as read.
        target: Its column, or its columns of 0 and 1.
        reading: How the training rows write labels; found in `table` where not given.

    Returns:
        One label per row; NaN stands for a regression value that is no number.

    Raises:
        DataError: The column's type does not fit the problem, or its numbers can be read in two ways.
    """
    if target.columns:
        return _from_columns(table, target)
    column = table.column(target.column)
    typed = is_typed(table, target.column)
    reading = reading or learn_labels(table, target.column)
    if pa.types.is_nested(column.type) and target.problem is not Problem.MULTILABEL:
        raise DataError(
            "the label column holds lists", file=file_of(table) or None, column=target.column,
            got=str(column.type), fix="ask for the problem type multilabel",
        )  # fmt: skip
    if target.problem is Problem.REGRESSION:
        if reading.doubt:
            raise DataError(
                "the labels cannot be read as numbers", file=file_of(table) or None, column=target.column,
                got=reading.doubt, fix="write them as plain numbers with a decimal point",
            )  # fmt: skip
        return list(values_of(column, reading))
    if target.problem is Problem.MULTILABEL:
        return [
            reading.names(value, target.separator, typed=typed, classes=target.classes) for value in column.to_pylist()
        ]
    return [reading.name(value, typed=typed, classes=target.classes) for value in column.to_pylist()]


def label_notes(tables: Sequence[pa.Table], target: Target, reading: LabelReading) -> tuple[str, ...]:
    """Return what reading the labels of all splits merged, converted or took for missing; train comes first."""
    column = None if target.columns else tables[0].column(target.column)
    if column is None or pa.types.is_nested(column.type):
        return ()
    if target.problem is Problem.REGRESSION:
        present = present_text(column) if is_text_type(column.type) else None
        shown = unusual(present) if present is not None and reading.numerals.plain else present
        return (number_note(f"label column {target.column!r}", shown, reading.numerals),) if shown else ()
    if target.problem is Problem.MULTILABEL:
        said = f"label column {target.column!r}: the text of lists is read as several labels"
        return (said,) if reading.listed else _unparted(tables[0], target)
    return spellings(tables, target.column, reading, target.classes).notes(target.column)


def _unparted(table: pa.Table, target: Target) -> tuple[str, ...]:
    column = table.column(target.column)
    if not is_text_type(column.type) or pc.any(pc.match_substring(column, target.separator)).as_py():
        return ()
    return (
        f"label column {target.column!r}: no cell holds {target.separator!r}, so every row has one label; "
        "several labels are parted by ; | , or /",
    )


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


def strata(targets: np.ndarray, problem: Problem) -> csr_array:
    """Return sparse bool ``[rows, strata]``: what a split should hold in equal shares.

    One stratum per class; for multi-label one more for rows without any class; for regression quantile bins.
    """
    if problem is Problem.MULTILABEL:
        return csr_array(np.column_stack([targets > 0, ~(targets > 0).any(axis=1)]))
    if problem is Problem.REGRESSION:
        bins = max(1, min(_BINS, len(targets) // 10))
        edges = np.unique(np.quantile(targets, np.linspace(0, 1, bins + 1)[1:-1]))
        targets = np.searchsorted(edges, targets, side="right")
    present, stratum = np.unique(targets, return_inverse=True)
    rows = len(targets)
    return csr_array((np.ones(rows, bool), (np.arange(rows), stratum.reshape(-1))), shape=(rows, len(present)))


def _names(label: Label) -> tuple[str, ...]:
    """Return the classes that `label` names; a value names none."""
    return label if isinstance(label, tuple) else (label,) if isinstance(label, str) else ()


def _from_columns(table: pa.Table, target: Target) -> list[Label]:
    """Return the names of the columns that hold 1, row by row; a row with a gap has no label."""
    flags = np.stack([_flags(table, name) for name in target.columns], axis=1)
    return [
        None if np.isnan(row).any() else tuple(name for name, flag in zip(target.columns, row, strict=True) if flag)
        for row in flags
    ]


def _flags(table: pa.Table, name: str) -> np.ndarray:
    """Return float64 ``[rows]``: 0, 1, or NaN where the cell is missing."""
    column = table.column(name)
    values = values_of(column, LabelReading(numerals=Numerals(words=True)))
    for row, value in enumerate(values):
        if value not in (None, 0, 1):
            raise DataError(
                "several label columns must hold 0 and 1", file=file_of(table) or None, row=row + 1, column=name,
                got=column[row].as_py(), fix="name one label column, or write 1 where the row has the label, else 0",
            )  # fmt: skip
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
