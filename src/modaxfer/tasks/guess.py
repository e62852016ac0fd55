"""Which problem a label column poses, guessed from its clean labels where nobody says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.labels import LabelReading, values_of
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.origin import is_typed
from modaxfer.spec import Problem, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Guess", "guess_problem", "separator_of_labels"]

_FEW_VALUES = 20
"""Up to this many distinct whole numbers are classes; half as many where they have decimals."""
_MANY_CLASSES = 100
"""Most distinct whole numbers that are classes without counting up from 0 or 1."""
_ROWS_PER_CLASS = 20
"""Rows that such a class has on average."""
_FILLED = 0.9
"""Share of the numbers from 0 or 1 up to the largest that must occur for them to be numbers of classes."""
_SEPARATORS = (";", "|", ",")
_RARE = "/"
"""Parts labels only where several per row are asked for, and nothing else does."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A problem type, and why."""

    problem: Problem
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
        return Guess(problem=Problem.MULTILABEL, why=f"the labels are {what}, several labels per row")
    if reading.numeric:
        values = np.array([value for value in values_of(cells, reading) if value is not None], np.float64)
        values = values[np.isfinite(values)]
        if len(values) and not _are_classes(values):
            return Guess(problem=Problem.REGRESSION, why=f"{len(np.unique(values))} distinct numbers")
    names = Counter(name for cell in cells.to_pylist() if (name := reading.name(cell, typed=typed)) is not None)
    if is_text_type(cells.type) and (mark := _several(names)):
        return Guess(
            problem=Problem.MULTILABEL,
            why=f"these look like several labels per row, separated by {mark!r}",
            separator=mark,
        )
    problem = Problem.BINARY if len(names) == 2 else Problem.MULTICLASS
    mark = next((mark for mark in ";|" if any(mark in name for name in names)), "")
    parted = f", some of them with {mark!r}: if these are several labels per row, ask for multilabel" if mark else ""
    return Guess(problem=problem, why=f"{len(names)} distinct labels{parted}")


def separator_of_labels(cells: Iterable[object]) -> str:
    """Return the mark that separates labels in text `cells`, the first of ``; | , /`` that occurs."""
    text = [cell for cell in cells if isinstance(cell, str)]
    return next((mark for mark in (*_SEPARATORS, _RARE) if any(mark in cell for cell in text)), Target().separator)


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


def _several(names: Mapping[str, int]) -> str:
    """Return the mark between several labels in one cell; empty where each cell is one label.

    The parts must be fewer than the cells they make up, or each be a label by itself too: "Paris, France" is neither.
    """
    for mark in _SEPARATORS:
        joined = [name for name in names if mark in name]
        parts: Sequence[str] = [part.strip() for name in names for part in name.split(mark) if part.strip()]
        alone = set(names) - set(joined)
        made = {part.strip() for name in joined for part in name.split(mark) if part.strip()}
        if joined and made and (made <= alone or (len(joined) > 1 and len(set(parts)) < len(names))):
            return mark
    return ""
