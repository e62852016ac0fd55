"""What estimators are given: frames, values or arrays of numbers, as columns that a run is told of by their role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from modaxfer.data.shapes import columns_of, refuse_waves, shaped
from modaxfer.errors import DataError

__all__ = ["Columns", "is_array", "learned_columns", "same_columns", "target_name"]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that a model reads, as they were fitted."""

    roles: Mapping[str, tuple[str, ...]]
    """Names of columns by role: ``text``, ``image``, ``audio``, ``number``."""
    shape: str
    """What rows come as: ``frame``, ``values`` of the only column, or ``array`` ``[rows, columns]``."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return tuple(name for names in self.roles.values() for name in names)


def is_array(rows: Any) -> bool:
    """Tell whether `rows` are numbers ``[rows, columns]``, which scikit-learn checks, and no values or frame."""
    if hasattr(rows, "toarray") or np.isscalar(rows):
        return True  # Sparse, or no rows at all: scikit-learn says what is wrong with it.
    if _is_frame(rows):
        return False
    if isinstance(rows, np.ndarray) and rows.ndim > 2:
        return False  # Pictures, stacked.
    if isinstance(rows, np.ndarray) and rows.dtype != object:
        return rows.dtype.kind not in "US" or rows.ndim > 1
    if hasattr(rows, "iloc"):  # A Series is values, unless of numbers, which are no rows.
        return str(rows.dtype).startswith(("int", "float", "uint", "bool"))
    if isinstance(rows, np.ndarray) and rows.ndim > 1:
        return not any(isinstance(value, str) for value in rows.flat)
    return not isinstance(rows, list | tuple | np.ndarray) or not len(rows) or _is_row_of_numbers(rows[0])


def learned_columns(rows: Any, named: Mapping[str, Sequence[str]]) -> tuple[Columns, dict[str, list[Any]]]:
    """Return which columns of `rows` are inputs and their values.

    Args:
        rows: A data frame, or values that `modaxfer.data.shapes.shaped` takes, or an array ``[rows, columns]``.
        named: Columns by role; none = told from their values, of a frame all of them.

    Raises:
        DataError: A named column is missing, rows are of no shape that holds rows, or may be sounds or a table.
    """
    rows, roles = _by_name(rows), {role: tuple(names) for role, names in named.items() if names}
    if _is_frame(rows):
        made = Columns(roles=roles or shaped(rows, ())[1], shape="frame")
        return made, _taken(made, rows)
    if _is_table(rows) and list(map(len, roles.values())) == [1] and "audio" in roles:
        rows = list(rows)  # Sounds of one length, stacked: [rows, samples].
    if not roles:
        refuse_waves(rows)
    columns, guessed = shaped(rows, ())
    made = Columns(roles=roles or guessed, shape="array" if _is_table(rows) else "values")
    if len(made.names) != len(columns):
        got, count = f"{len(columns)} without names", len(made.names)
        raise DataError("columns are named, and rows have others", got=got, allowed=count, fix="give a data frame")
    return made, _taken(made, dict(zip(made.names, columns.values(), strict=True)) if roles else columns)


def same_columns(rows: Any, learned: Columns) -> dict[str, list[Any]]:
    """Return the columns of `rows` that were learned from.

    Raises:
        DataError: A column is missing, or rows come in another shape.
    """
    rows = _by_name(rows)
    if _is_frame(rows):
        return _taken(learned, rows)
    if learned.shape == "frame" and len(learned.names) != 1:
        raise DataError(
            "the estimator was fitted to a data frame", got=type(rows).__name__, allowed=learned.names,
            fix="give a data frame with these columns",
        )  # fmt: skip
    if learned.shape == "array":
        columns, _ = shaped(rows, ())
        return _taken(learned, dict(zip(learned.names, columns.values(), strict=True)))
    return {learned.names[0]: list(rows)}


def target_name(names: Sequence[str]) -> str:
    """Return a name for the column of targets that no input has."""
    name = "target"
    while name in names:
        name += "_"
    return name


def _by_name(rows: Any) -> Any:
    """Return a list of mappings as a mapping of columns, anything else as it is."""
    if not isinstance(rows, list) or columns_of(rows) is None:
        return rows
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(chain(*rows))}


def _is_frame(rows: Any) -> bool:
    return (hasattr(rows, "iloc") and hasattr(rows, "columns")) or isinstance(rows, Mapping)


def _is_table(rows: Any) -> bool:
    """Tell whether `rows` are ``[rows, columns]``; a list is asked for no shape, as pictures in it may differ."""
    return isinstance(rows, np.ndarray) and rows.ndim == 2


def _is_row_of_numbers(row: Any) -> bool:
    """Tell whether the first of several values is a list of numbers; sounds are arrays, or come with their rate."""
    if isinstance(row, tuple) and len(row) == 2 and np.ndim(row[0]):
        return False
    if isinstance(row, list | tuple):
        return not any(isinstance(value, str) for value in row)
    return isinstance(row, int | float | complex | np.number) or row is None


def _taken(learned: Columns, columns: Any) -> dict[str, list[Any]]:
    places = {str(name): name for name in (columns.columns if hasattr(columns, "columns") else columns)}
    if absent := [name for name in learned.names if name not in places]:
        raise DataError(
            "columns are not in the data", got=absent, allowed=list(places), fix="name others, or rename them"
        )
    return {name: list(columns[places[name]]) for name in learned.names}
