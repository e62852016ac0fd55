"""Data files to Arrow tables: csv, tsv, jsonl, json (each also .gz) and parquet."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet

from modaxfer.data.delimited import NOT_UTF8, read_delimited
from modaxfer.data.origin import name_classes, stamp
from modaxfer.errors import DataError, close_matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["EXTENSIONS", "extension", "read_table"]


def read_table(path: str | Path) -> pa.Table:
    """Read one data file.

    csv and tsv have no types: every column stays text as written (``007`` stays ``007``), an empty cell is null, and
    `modaxfer.data.columns.conform` makes numbers where a task asks for them. A csv whose header has semicolons and no
    comma is read with semicolons. Row numbers in messages count from 1, the header not included.

    Raises:
        DataError: The file is missing, unreadable, empty, not UTF-8, malformed (names the row) or of another kind.
    """
    path = Path(path)
    _require_file(path)
    reader = _READERS[extension(path)]
    try:
        table = reader(path)
    except UnicodeDecodeError:
        raise DataError("not UTF-8 text", file=path, fix=NOT_UTF8) from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            "cannot read the data file", file=path, got=reason, fix="check the file and its rights"
        ) from None
    if not table.num_rows or not table.num_columns:
        raise DataError("the data file holds no rows", file=path, fix="add rows below the header")
    return table


def extension(path: Path) -> str:
    """Return the extension that decides how `path` is read, without ``.gz``.

    Raises:
        DataError: No reader takes files of this kind.
    """
    suffixes = [suffix.lstrip(".").lower() for suffix in path.suffixes[-2:]]
    found = suffixes[-2] if len(suffixes) == 2 and suffixes[-1] == "gz" else suffixes[-1] if suffixes else ""
    if found not in _READERS or (found in _BINARY and suffixes[-1] == "gz"):
        raise DataError(
            "no reader for this kind of file", file=path, got=found or "no extension", allowed=EXTENSIONS,
            fix="export the data as csv or parquet",
        )  # fmt: skip
    return found


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise DataError("expected a file, found a folder", file=path, fix="name a file inside it")
    if not path.exists():
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        close = close_matches(path.name, near)
        fix = f"did you mean {' or '.join(close)}?" if close else "check the path"
        raise DataError("no such data file", file=path, fix=fix)


def _open(path: Path) -> BinaryIO:
    # gzip's own reader names a broken archive as OSError, as open does a missing right.
    return cast("BinaryIO", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _read_csv(path: Path) -> pa.Table:
    with _open(path) as stream:
        return read_delimited(path, stream, ",")


def _read_tsv(path: Path) -> pa.Table:
    with _open(path) as stream:
        return read_delimited(path, stream, "\t")


def _read_jsonl(path: Path) -> pa.Table:
    with _open(path) as stream:
        lines = stream.read().decode("utf-8-sig").split("\n")
    records = [(number, _parse(path, line, number)) for number, line in enumerate(lines, 1) if line.strip()]
    return _from_records(path, records)


def _read_json(path: Path) -> pa.Table:
    with _open(path) as stream:
        text = stream.read().decode("utf-8-sig").strip()
    if not text.startswith("["):
        return _read_jsonl(path)
    try:
        records = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError("not valid JSON", file=path, got=str(error), fix="give a list of objects") from None
    return _from_records(path, enumerate(records, 1))


def _parse(path: Path, line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError("not valid JSON", file=path, row=number, got=str(error), fix="give one object a line") from None


def _from_records(path: Path, records: Iterable[tuple[int, Any]]) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for number, record in records:
        if not isinstance(record, dict):
            raise DataError("a row must be an object", file=path, row=number, got=type(record).__name__)
        rows.append(record)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns, mixed = {}, []
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
            columns[name] = _as_text(values)
            mixed.append(name)
    return stamp(pa.table(columns), file=str(path), mixed=mixed)


def _as_text(values: list[Any]) -> pa.Array:
    """Return values of several types, which JSON may mix in one column, as text: nothing is lost."""
    return pa.array([value if value is None or isinstance(value, str) else json.dumps(value) for value in values])


def _read_parquet(path: Path) -> pa.Table:
    try:
        # ParquetFile, unlike read_table, never reads columns out of folder names.
        with pyarrow.parquet.ParquetFile(path) as file:
            table = name_classes(file.read())
    except pa.ArrowException as error:
        raise DataError("not a readable parquet file", file=path, got=str(error), fix="write the file again") from None
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(index, field.name, table.column(index).cast(field.type.value_type))
    names = [name for name in table.column_names if not name.startswith("__index_level_")]
    return stamp(table.select(names), file=str(path))


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    "csv": _read_csv,
    "tsv": _read_tsv,
    "jsonl": _read_jsonl,
    "ndjson": _read_jsonl,
    "json": _read_json,
    "parquet": _read_parquet,
}
_BINARY = ("parquet",)

EXTENSIONS = tuple(_READERS)
"""Kinds of data file that can be read; the text ones also with ``.gz`` behind."""
