"""Data files to Arrow tables: csv, tsv, jsonl, json, conll (each also .gz) and parquet."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from modaxfer.data.layouts.listing import AUDIO_SUFFIXES, IMAGE_SUFFIXES
from modaxfer.data.origin import cut
from modaxfer.data.tables.conll import read_conll
from modaxfer.data.tables.delimited import delimited_blocks, read_delimited
from modaxfer.data.tables.encodings import TextFile, survey
from modaxfer.data.tables.gathering import EVERYTHING, Columns, Selection
from modaxfer.data.tables.parquet import parquet_blocks, read_parquet
from modaxfer.data.tables.records import read_records, record_blocks
from modaxfer.data.tables.signatures import require_kind
from modaxfer.errors import DataError, close_matches

__all__ = ["EXTENSIONS", "extension", "is_data", "read_blocks", "read_table", "refuse_whole", "require_file"]

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
    with _reading(path):
        table = _READERS[_kind(path)](path, selection)
    if not table.num_rows or not table.num_columns:
        raise _no_rows(path)
    return table


def read_blocks(
    path: Path, columns: Columns, skip: int = 0, tell: Callable[[str], object] = lambda note: None
) -> Iterator[pa.Table]:
    """Yield the rows of one data file in blocks, in their order and with their numbers, as `read_table` returns them.

    Memory holds a block, whatever the size of the file. What is guessed or repaired is told, not noted on the tables;
    whether a column of JSON mixes types is known of each block alone.

    Args:
        path: A regular file: csv, tsv or jsonl, each also .gz, or parquet.
        columns: Those that are read, where the format can skip the others.
        skip: Rows at the beginning that are not wanted.
        tell: Told what a reader of the file should know.

    Raises:
        DataError: As for `read_table`; or the file is of a kind that is read whole.
    """
    passed = 0
    with _reading(path):
        found = _kind(path)
        refuse_whole(path)
        if found == "parquet":
            for table in parquet_blocks(path, columns, skip):
                passed += table.num_rows
                yield table
            passed += skip
        else:
            for table in _text_blocks(found, path, tell):
                start, passed = passed, passed + table.num_rows
                if passed > skip:
                    yield cut(table, max(skip - start, 0), table.num_rows)
    if not passed:
        raise _no_rows(path)


def refuse_whole(path: Path) -> None:
    """Refuse a file of a kind that is read whole, whatever part of it is wanted.

    Raises:
        DataError: It is one.
    """
    if extension(path) in _WHOLE:
        raise DataError(
            "a file of tagged words is read whole, not as a stream", file=path,
            fix="leave --stream out, or write it as parquet with a list of words and a list of tags in each row",
        )  # fmt: skip


def _text_blocks(found: str, path: Path, tell: Callable[[str], object]) -> Iterator[pa.Table]:
    stat = path.stat()
    text = _surveyed(path, stat.st_size, stat.st_mtime_ns)
    if found in _DELIMITERS:
        return delimited_blocks(path, text, _DELIMITERS[found], tell)
    return record_blocks(path, text, tell)


@lru_cache(maxsize=64)
def _surveyed(path: Path, size: int, changed: int) -> TextFile:
    """Return how the file is encoded, which takes a pass through it; who opens it again has that already."""
    return survey(str(path), partial(_open, path))


def _kind(path: Path) -> str:
    """Return what `extension` says of a file that is there and is what it is called."""
    require_file(path)
    found = extension(path)
    require_kind(path, "gz" if path.suffix.lower() == ".gz" else found)
    return found


def _no_rows(path: Path) -> DataError:
    return DataError("the data file holds no rows", file=path, fix="add rows below the header")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            "cannot read the data file", file=path, got=reason, fix="check the file and its rights"
        ) from None


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


_DELIMITERS = {"csv": ",", "tsv": "\t"}

_READERS: dict[str, Callable[[Path, Selection], pa.Table]] = {
    **{kind: partial(_delimited, delimiter) for kind, delimiter in _DELIMITERS.items()},
    "jsonl": _records,
    "ndjson": _records,
    "json": _records,
    "conll": _conll,
    "parquet": read_parquet,
}
_BINARY = ("parquet",)

_WHOLE = ("conll",)

EXTENSIONS = tuple(_READERS)
"""Kinds of data file that can be read; the text ones also with ``.gz`` behind."""
