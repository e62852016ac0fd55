"""Data files to Arrow tables: csv, tsv, jsonl, json, conll (each also .gz) and parquet."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from modaxfer.data.layouts.listing import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from modaxfer.data.tables.conll import read_conll
from modaxfer.data.tables.delimited import read_delimited
from modaxfer.data.tables.gathering import EVERYTHING, Selection
from modaxfer.data.tables.parquet import read_parquet
from modaxfer.data.tables.records import read_records
from modaxfer.data.tables.signatures import require_kind
from modaxfer.errors import DataError, close_matches

__all__ = ["EXTENSIONS", "extension", "is_data", "read_table", "require_file"]

_ADDRESS = re.compile(r"(^|/)(https?|ftp|s3|gs|hf):/")


def read_table(path: str | Path, selection: Selection = EVERYTHING) -> pa.Table:
    """Read one data file.

    csv and tsv have no types: every column stays text as written (``007`` stays ``007``), an empty cell is null, and
    `modaxfer.data.cells.columns.conform` makes numbers where a task asks for them. Row numbers in messages count from
    1, the header not included. What was guessed or repaired is in the table's notes.

    Args:
        path: A regular file; a pipe could be read only once, and a run is repeated from its data.
        selection: Part of the rows and columns; by default all.

    Raises:
        DataError: The file is missing, unreadable, empty, malformed (names the row) or of another kind.
    """
    path = Path(path)
    try:
        require_file(path)
        found = extension(path)
        require_kind(path, "gz" if path.suffix.lower() == ".gz" else found)
        table = _READERS[found](path, selection)
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
        if path.is_file():
            require_kind(path, "")
        fix = "export the data as csv or parquet; if it is one of these, give it that extension"
        if found and path.suffix.lower() in (*IMAGE_SUFFIXES, *AUDIO_SUFFIXES):
            fix = f"name the folder of such files, {path.parent}, or a table with a column of their paths"
        raise DataError(
            "no reader for this kind of file", file=path, got=found or "no extension", allowed=EXTENSIONS, fix=fix
        )
    return found


def is_data(path: Path) -> bool:
    """Tell whether `path` is named like a data file."""
    try:
        return bool(extension(path))
    except (DataError, OSError):
        return False


def require_file(path: Path) -> None:
    """Check that `path` is a file.

    Raises:
        DataError: It is a folder, a broken link, or not there (names files that may be meant).
    """
    if path.is_dir():
        raise DataError("expected a file, found a folder", file=path, fix="name a file inside it")
    if path.is_symlink() and not path.exists():
        raise DataError("a broken link", file=path, got=path.readlink(), fix="point the link at the data")
    if not path.exists():
        near = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        close = close_matches(path.name, near)
        fix = f"did you mean {' or '.join(close)}?" if close else "check the path"
        if _ADDRESS.search(str(path)):
            fix = "download it first, and name the file"
        raise DataError("no such file", file=path, fix=fix)
    if not path.is_file():
        raise DataError(
            "a pipe or device, not a file: a run reads its data more than once", file=path,
            fix="write it to a file first, for example `... > rows.csv`, and name that",
        )  # fmt: skip


def _open(path: Path) -> BinaryIO:
    # gzip's own reader names a broken archive as OSError, as open does a missing right.
    return cast("BinaryIO", gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def _delimited(delimiter: str, path: Path, selection: Selection) -> pa.Table:
    return read_delimited(path, partial(_open, path), delimiter, selection)


def _records(path: Path, selection: Selection) -> pa.Table:
    return read_records(path, partial(_open, path), selection)


def _conll(path: Path, selection: Selection) -> pa.Table:
    return read_conll(path, partial(_open, path), selection)


_READERS: dict[str, Callable[[Path, Selection], pa.Table]] = {
    "csv": partial(_delimited, ","),
    "tsv": partial(_delimited, "\t"),
    "jsonl": _records,
    "ndjson": _records,
    "json": _records,
    "conll": _conll,
    "parquet": read_parquet,
}
_BINARY = ("parquet",)

EXTENSIONS = tuple(_READERS)
"""Kinds of data file that can be read; the text ones also with ``.gz`` behind."""
