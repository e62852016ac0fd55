"""Spoken digits of one person: the rows of one value of ``speaker``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from modaxfer.data import file_of, read_data, require_columns
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from modaxfer.data import Tables

__all__ = ["george", "jackson", "lucas", "nicolas", "of", "theo", "yweweler"]


def of(speaker: str, folder: Path) -> Tables:
    """Return what `speaker` says in `folder`, split by split.

    Raises:
        DataError: There is no column ``speaker``, or a split has no row of this one.
    """
    return {split: _rows(table, speaker) for split, table in read_data(folder).items()}


def _rows(table: pa.Table, speaker: str) -> pa.Table:
    require_columns(table, ["speaker"])
    rows = table.filter(pc.equal(table.column("speaker"), speaker))
    if not rows.num_rows:
        raise DataError(
            "no row of this speaker",
            file=file_of(table),
            column="speaker",
            got=sorted(set(table.column("speaker").to_pylist()) - {None}),
            allowed=speaker,
            fix="choose a task of a speaker that is there",
        )
    return rows


george, jackson, lucas, nicolas, theo, yweweler = (
    partial(of, speaker) for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
)
