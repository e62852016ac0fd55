"""csv and tsv: tables of delimited text, in which every column is text until a task asks for something else."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.csv

from modaxfer.data.origin import stamp
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["NOT_UTF8", "read_delimited"]

_HEAD = 1 << 20
"""Bytes in which a header line must end."""

NOT_UTF8 = "save it as UTF-8, for example with `iconv -f latin1 -t utf-8 OLD > NEW`"
"""What to do about a text file in another encoding."""


def read_delimited(path: Path, stream: BinaryIO, delimiter: str) -> pa.Table:
    """Read a table whose first line names the columns; every cell stays as written, an empty one is null.

    Args:
        path: Name of the file, for messages.
        stream: Its bytes, not compressed; must be able to go back to its start.
        delimiter: Between cells. Where it is a comma and the header has semicolons instead, they are taken.

    Raises:
        DataError: No header, two columns of one name, a row with too few or too many cells (counted from 1).
        UnicodeDecodeError: The header is not UTF-8.
    """
    names, delimiter = _header(path, stream, delimiter)
    ragged: list[Any] = []

    def refuse(row: Any) -> str:
        ragged.append(row)
        return "error"

    parse = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse)
    convert = pyarrow.csv.ConvertOptions(
        column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
    )
    # One thread: only then does Arrow know the number of a malformed row.
    read = pyarrow.csv.ReadOptions(use_threads=False)
    try:
        table = pyarrow.csv.read_csv(stream, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise _problem(path, ragged, delimiter, str(error)) from None
    return _named(path, table, delimiter)


def _header(path: Path, stream: BinaryIO, delimiter: str) -> tuple[list[str], str]:
    head = stream.read(_HEAD)
    stream.seek(0)
    if len(head) == _HEAD:
        head = head[: head.rfind(b"\n") + 1]
    text = head.decode("utf-8-sig").lstrip("\r\n")
    if not text.strip():
        raise DataError("the data file is empty", file=path, fix="give a header line and rows")
    first = text.split("\n", 1)[0]
    if delimiter == "," and "," not in first and ";" in first:
        delimiter = ";"
    names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    cleaned = [name.strip() for name in names if name.strip()]
    if twice := sorted({name for name in cleaned if cleaned.count(name) > 1}):
        raise DataError("two columns have the same name", file=path, got=twice, fix="rename one of them")
    return names, delimiter


def _problem(path: Path, ragged: list[Any], delimiter: str, reason: str) -> DataError:
    if ragged:
        row = ragged[0]
        what = f"the row has {row.actual_columns} cells, the header {row.expected_columns}"
        fix = f"quote cells that hold {delimiter!r} or complete the row"
        return DataError(what, file=path, row=row.number - 1, got=row.text[:80], fix=fix)
    if "invalid UTF8" in reason:
        return DataError("not UTF-8 text", file=path, fix=NOT_UTF8)
    return DataError("not a valid table of delimited text", file=path, got=reason)


def _named(path: Path, table: pa.Table, delimiter: str) -> pa.Table:
    """Strip column names and leave out nameless columns: pandas writes a row number there, which is no input."""
    kept = [index for index, name in enumerate(table.column_names) if name.strip()]
    notes = tuple(
        f"{path.name}: column {index + 1} has no name and was left out"
        for index in range(table.num_columns)
        if index not in kept
    )
    table = table.select(kept)
    table = table.rename_columns([name.strip() for name in table.column_names])
    return stamp(table, file=str(path), typed=False, notes=notes, separator=delimiter)
