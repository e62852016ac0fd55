"""Labels written as columns of 0 and 1, one per label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.cells.labels import LabelReading, values_of
from modaxfer.data.cells.numerals import Numerals
from modaxfer.data.origin import file_of
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from modaxfer.contracts import Label

__all__ = ["read_flags"]


def read_flags(table: pa.Table, columns: Sequence[str]) -> list[Label]:
    """Return the names of the columns that hold 1, row by row; a row with a gap has no label.

    Raises:
        DataError: A column holds anything but 0 and 1.
    """
    flags = np.stack([_flags(table, name) for name in columns], axis=1)
    return [
        None if np.isnan(row).any() else tuple(name for name, flag in zip(columns, row, strict=True) if flag)
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
