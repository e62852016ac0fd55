"""Which problem a label column poses, guessed from its clean labels where nobody says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.labels import LabelReading, values_of
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.cells.sequences import holds_lists, sequences_of
from modaxfer.data.origin import is_typed
from modaxfer.problems.labels.separators import separator_between
from modaxfer.spec import Target

__all__ = ["SEVERAL_COLUMNS", "TAGGING", "Guess", "guess_problem", "guess_stored", "tagged_column"]

SEVERAL_COLUMNS = "multilabel"
"""The problem that several label columns pose, where nobody says."""

TAGGING = "tagging"
"""The problem that lists of tags pose beside lists of words as long."""

_FEW_VALUES = 20
"""Up to this many distinct whole numbers are classes; half as many where they have decimals."""
_MANY_CLASSES = 100
"""Most distinct whole numbers that are classes without counting up from 0 or 1."""
_ROWS_PER_CLASS = 20
"""Rows that such a class has on average."""
_FILLED = 0.9
"""Share of the numbers from 0 or 1 up to the largest that must occur for them to be numbers of classes."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A problem type, and why."""

    problem: str
    """Its registered name."""
    why: str
    separator: str = Target().separator
    """Between the labels of a cell, for a multi-label problem."""


def guess_problem(table: pa.Table, column: str, reading: LabelReading) -> Guess:
    """Return the problem type that the labels of the training rows look like, once they are cleaned.

    Lists are several labels per row, and so is text in which the same few parts come back in several combinations.
    Numbers are a regression where many of them differ, unless they are whole and count up from 0 or 1 as numbers of
    classes do.
    """
    cells, typed = table.column(column), is_typed(table, column)
    if pa.types.is_nested(cells.type) or reading.listed:
        what = "lists" if not reading.listed else "the text of lists"
        return Guess(problem="multilabel", why=f"the labels are {what}, several labels per row")
    if reading.numeric:
        values = np.array([value for value in values_of(cells, reading) if value is not None], np.float64)
        values = values[np.isfinite(values)]
        if len(values) and not _are_classes(values):
            return Guess(problem="regression", why=f"{len(np.unique(values))} distinct numbers")
    names = Counter(name for cell in cells.to_pylist() if (name := reading.name(cell, typed=typed)) is not None)
    if is_text_type(cells.type) and (mark := separator_between(names)):
        return Guess(
            problem="multilabel",
            why=f"these look like several labels per row, separated by {mark!r}",
            separator=mark,
        )
    problem = "binary" if len(names) == 2 else "multiclass"
    mark = next((mark for mark in ";|" if any(mark in name for name in names)), "")
    parted = f", some of them with {mark!r}: if these are several labels per row, ask for multilabel" if mark else ""
    return Guess(problem=problem, why=f"{len(names)} distinct labels{parted}")


def guess_stored(kind: pa.DataType, classes: Sequence[str]) -> str:
    """Return the problem that stored targets of the type `kind` look like, of a run that does not say it."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "multilabel"
    if not classes and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return "regression"
    return "binary" if len(classes) == 2 else "multiclass"


def tagged_column(table: pa.Table, label: str, names: Sequence[str]) -> str | None:
    """Return the only one of the columns `names` that holds lists as long as those of `label`, in every row."""
    if not holds_lists(table.column(label)):
        return None
    tags = [None if items is None else len(items) for items in sequences_of(table.column(label))]
    found = [name for name in names if holds_lists(table.column(name)) and _as_long(table.column(name), tags)]
    return found[0] if len(found) == 1 else None


def _as_long(column: pa.ChunkedArray, lengths: Sequence[int | None]) -> bool:
    pairs = [
        (len(items), length) for items, length in zip(sequences_of(column), lengths, strict=True) if items and length
    ]
    return any(length > 1 for _, length in pairs) and all(count == length for count, length in pairs)


def _are_classes(values: np.ndarray) -> bool:
    """Tell whether numbers are those of classes rather than amounts."""
    distinct = np.unique(values)
    count, rows = len(distinct), len(values)
    if count <= 2:
        return True
    if count > rows / 2:
        return False
    if not (distinct == np.floor(distinct)).all():
        return count <= _FEW_VALUES // 2
    if count <= _FEW_VALUES:
        return True
    counting = distinct[0] in (0, 1) and count >= _FILLED * (distinct[-1] - distinct[0] + 1)
    return bool(counting) or count <= min(_MANY_CLASSES, rows // _ROWS_PER_CLASS)
