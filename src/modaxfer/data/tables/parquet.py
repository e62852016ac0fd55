"""Parquet files, batch by batch: few bytes on disk may be very many rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from modaxfer.data.names import tidy
from modaxfer.data.origin import called_in, mixed_of, name_classes, notes_of, stamp
from modaxfer.data.tables.gathering import Columns, Gathered, Selection, gathered
from modaxfer.errors import DataError

__all__ = ["parquet_blocks", "read_parquet"]

_ROWS, _BYTES = 1 << 16, 1 << 26
"""Most rows, and about how many bytes, that are read at once."""


def read_parquet(path: Path, selection: Selection) -> pa.Table:
    """Read a parquet file; text columns become `large_string`, class numbers of `datasets` their names.

    Raises:
        DataError: The file is not readable, or two columns have one name.
    """
    with _readable(path) as file:
        names, schema = _layout(path, file, selection.columns)
        raw = {tidy(name): name for name in names}
        batches = _batches(file, names, schema)
        rows = gathered(path, schema, batches, selection, lambda name: raw.get(name, ""))
    return _table(path, rows)


def parquet_blocks(path: Path, columns: Columns, skip: int) -> Iterator[pa.Table]:
    """Yield the rows of a parquet file behind the first `skip`, in order, as `read_parquet` returns them.

    Args:
        path: The file.
        columns: Those that are read.
        skip: Rows that have passed already; what can be left unread of them is.

    Raises:
        DataError: As for `read_parquet`.
    """
    with _readable(path) as file:
        names, schema = _layout(path, file, columns.among(map(tidy, file.schema_arrow.names)))
        groups, passed = _groups_behind(file.metadata, skip)
        for batch in _batches(file, names, schema, groups):
            start, passed = passed, passed + batch.num_rows
            if passed > skip:
                table = pa.Table.from_batches([batch.slice(max(skip - start, 0))], schema)
                numbers = np.arange(max(skip, start) + 1, passed + 1)
                yield _table(path, Gathered(table=table, numbers=numbers, total=table.num_rows))


@contextmanager
def _readable(path: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    try:
        # ParquetFile, unlike read_table, never reads columns out of folder names.
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, UnicodeDecodeError) as error:
        foreign = "magic bytes" in str(error)
        fix = (
            "write it again, or give it the extension of what it is, such as csv" if foreign else "write the file again"
        )
        raise DataError("not a readable parquet file", file=path, got=str(error), fix=fix) from None


def _layout(
    path: Path, file: pyarrow.parquet.ParquetFile, columns: frozenset[str] | None
) -> tuple[list[str], pa.Schema]:
    """Return the names of the columns that are read, and their types."""
    names = _wanted(path, file.schema_arrow, columns)
    schema = _read_as(pa.schema([file.schema_arrow.field(name) for name in names]))
    return names, schema.with_metadata(file.schema_arrow.metadata)


def _groups_behind(told: pyarrow.parquet.FileMetaData, skip: int) -> tuple[list[int], int]:
    """Return the row groups that hold rows behind the first `skip`, and how many rows stand before them."""
    ends = np.cumsum([told.row_group(group).num_rows for group in range(told.num_row_groups)])
    first = int(np.searchsorted(ends, skip, side="right"))
    return list(range(first, len(ends))), int(ends[first - 1]) if first else 0


def _table(path: Path, rows: Gathered) -> pa.Table:
    """Return rows with the columns, names and types that users see."""
    table = name_classes(rows.table)
    table = table.rename_columns([tidy(name) for name in table.column_names])
    notes, mixed = _noted(rows.table)
    table, decoded = _decoded(table)
    called = called_in(rows.table)
    notes = (*notes, *decoded)
    return stamp(table, file=str(path), called=called, numbers=rows.numbers, total=rows.total, notes=notes, mixed=mixed)


def _decoded(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return `table` with bytes that are text as text: older tools do not say so in the file; and a line on each."""
    notes = []
    for place, column in enumerate(table.columns):
        if pa.types.is_large_binary(column.type) and (text := _text_of(column)) is not None:
            name = table.column_names[place]
            table = table.set_column(place, name, text)
            notes.append(f"column {name!r}: bytes are read as UTF-8 text")
    return table, notes


def _text_of(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return bytes as text; None where they are none: pictures and sounds are not UTF-8, or hold a NUL."""
    try:
        text = column.cast(pa.large_string())
    except pa.ArrowInvalid:
        return None
    plain = column.null_count < len(column) and not pc.any(pc.match_substring(text, "\0")).as_py()
    return text if plain else None


def _noted(table: pa.Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return notes and columns of several types, where modaxfer itself wrote the file from rows in memory."""
    try:
        return notes_of(table), tuple(map(str, mixed_of(table)))
    except (ValueError, TypeError):
        return (), ()


def _wanted(path: Path, schema: pa.Schema, columns: frozenset[str] | None) -> list[str]:
    names = [name for name in schema.names if not name.startswith("__index_level_")]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError("two columns have the same name", file=path, got=twice, fix="rename one of them")
    tidied = {tidy(name): name for name in names}
    if columns is None or not columns <= set(tidied):
        return names
    return [name for name in names if tidy(name) in columns]


def _read_as(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(_plain(field.type)) for field in schema])


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary(kind) or pa.types.is_binary_view(kind) else kind


def _batches(
    file: pyarrow.parquet.ParquetFile, names: list[str], schema: pa.Schema, groups: list[int] | None = None
) -> Iterator[pa.RecordBatch]:
    size = _rows_at_once(file.metadata, frozenset(names))
    for batch in file.iter_batches(batch_size=size, columns=names, row_groups=groups):
        yield batch.select(names).cast(schema)


def _rows_at_once(told: pyarrow.parquet.FileMetaData, names: frozenset[str]) -> int:
    """Return how many rows are read at once: few of pictures and sounds, many of numbers."""
    sizes = [
        column.total_uncompressed_size
        for group in map(told.row_group, range(told.num_row_groups))
        for column in map(group.column, range(group.num_columns))
        if names & {column.path_in_schema, column.path_in_schema.partition(".")[0]}
    ]
    per_row = sum(sizes) / max(told.num_rows, 1)
    return int(min(_ROWS, max(1, _BYTES // max(per_row, 1))))
