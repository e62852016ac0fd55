"""Rows in memory of which nobody has named the columns: values become a column, arrays of numbers a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from modaxfer.data.roles import role_of, roles_of
from modaxfer.data.values import is_media_struct
from modaxfer.errors import DataError

__all__ = ["LOOKED_AT", "columns_of", "refuse_waves", "shaped"]

LOOKED_AT = 200
"""Rows that are looked at to tell what a column holds."""

WAVE = 2000
"""Columns from which on a row of numbers that swing about zero may be a sound: an eighth of a second at 16 kHz."""


def shaped(rows: Any, named: Sequence[Any], but: Sequence[str] = ()) -> tuple[Any, dict[str, tuple[str, ...]]]:
    """Return rows that have columns, and the names of these by role; see `modaxfer.data.roles.roles_of`.

    Args:
        rows: A data frame, mapping, sequence of mappings, Arrow table or data set, which have columns already; or a
            list, Series or array of values: texts, paths, PIL images, sounds, or an array ``[rows, columns]``.
        named: Input fields that were named; none = those of all columns are told from their values.
        but: Columns that are no inputs.

    Raises:
        DataError: Rows have no shape that holds rows.
    """
    columns = columns_of(rows)
    if columns is not None:
        return rows, {} if named else roles_of({name: own for name, own in columns.items() if name not in but})
    if named:
        return rows, {}
    made = _from_values(rows)
    return made, roles_of(made)


def columns_of(rows: Any) -> dict[str, Sequence[Any]] | None:
    """Return the first values of each column of `rows`; None where they are values without names."""
    if hasattr(rows, "iloc") and hasattr(rows, "columns"):
        return {str(name): list(rows[name].iloc[:LOOKED_AT]) for name in rows.columns}
    if hasattr(rows, "column_names"):
        head = rows.slice(0, LOOKED_AT).to_pydict() if hasattr(rows, "slice") else rows[:LOOKED_AT]
        return {name: list(head[name]) for name in rows.column_names}
    if isinstance(rows, Mapping) and not is_media_struct(rows):
        return {str(name): _listed(values) for name, values in rows.items()}
    if isinstance(rows, list | tuple) and rows and all(isinstance(row, Mapping) for row in rows[:LOOKED_AT]):
        if is_media_struct(rows[0]):
            return None
        return {name: [row.get(name) for row in rows[:LOOKED_AT]] for name in dict.fromkeys(chain(*rows[:LOOKED_AT]))}
    return None


def refuse_waves(rows: Any) -> None:
    """Refuse an array ``[rows, columns]`` that may be stacked sounds as well as a table, where nobody said which.

    Args:
        rows: Anything; only arrays of `WAVE` columns and more are looked at, whose values are samples by their type
            (16-bit) or lie within -1 and 1, on both sides of zero in each of the first rows.

    Raises:
        DataError: It may be either.
    """
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.shape[1] < WAVE or rows.dtype.kind not in "if":
        return
    first = rows[:LOOKED_AT]
    swings = bool(len(first)) and bool(((first.min(1) < 0) & (first.max(1) > 0)).all())
    if swings and (rows.dtype == np.int16 or float(np.abs(first).max()) <= 1):
        raise DataError(
            "rows may be sounds or numbers of a table",
            got=f"an array of {rows.shape[0]:,} rows and {rows.shape[1]:,} columns that swing about zero",
            fix="of sounds give list(rows), or (samples, rate) each; of a table a data frame: pandas.DataFrame(rows)",
        )


def _listed(values: Any) -> list[Any]:
    return [values] if isinstance(values, str | bytes) or not hasattr(values, "__len__") else list(values[:LOOKED_AT])


def _from_values(rows: Any) -> dict[str, Sequence[Any]]:
    """Return values without names as columns: ``text``, ``image`` or ``audio``; of an array of numbers ``x0``, ..."""
    if hasattr(rows, "iloc"):
        name = "values" if rows.name is None else str(rows.name)
        return {name: list(rows)}
    if isinstance(rows, np.ndarray) and rows.ndim == 2 and _is_table(rows):
        return {f"x{place}": list(rows[:, place]) for place in range(rows.shape[1])}
    if isinstance(rows, str | bytes) or not hasattr(rows, "__len__") or not len(rows):
        got = type(rows).__name__ if not hasattr(rows, "__len__") or isinstance(rows, str | bytes) else "no rows"
        raise DataError("these are no rows", got=got, fix="give a list of values, an array, or a data frame")
    values = list(rows)
    role = role_of(values, alone=True)
    return {"x0" if role == "number" else role: values}


def _is_table(array: np.ndarray) -> bool:
    return array.dtype.kind in "biuf" or all(np.ndim(value) == 0 for value in array.flat)
