"""csv and tsv: tables of delimited text, in which every column is text until a task asks for something else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from modaxfer.data.origin import stamp
from modaxfer.data.tables.dialect import Dialect, find_dialect
from modaxfer.data.tables.encodings import survey
from modaxfer.data.tables.gathering import Gathered, Selection, gathered
from modaxfer.data.tables.quotes import Quotes
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from modaxfer.data.tables.encodings import TextFile

__all__ = ["delimited_blocks", "read_delimited"]

_BLOCKS = (1 << 22, 1 << 26, 1 << 30)
"""Bytes that Arrow parses at once, which must hold a whole row: the next where one does not fit."""

_MOST_COMMENTS = 1000


def read_delimited(path: Path, source: Callable[[], BinaryIO], delimiter: str, selection: Selection) -> pa.Table:
    """Read a table whose first line names the columns; every cell stays as written, an empty one is null.

    Args:
        path: Name of the file, for messages.
        source: Opens its bytes, unpacked.
        delimiter: Between cells, unless the file's own lines say otherwise (see `find_dialect`).
        selection: Rows to keep.

    Raises:
        DataError: No text or header, two columns of one name, a row with too few or too many cells or with a quote
            that is not closed (counted from 1), or no encoding that can be told.
    """
    text = survey(str(path), source)
    dialect = find_dialect(str(path), text.head(), delimiter)
    for block in _BLOCKS:
        parsed = _Parsed(path, text, dialect, block)
        try:
            rows = gathered(path, parsed.schema, parsed.batches(), selection, partial(_place, dialect))
        except _RowTooLargeError:
            continue
        return _named(path, rows, dialect, (*text.notes, *dialect.notes, *parsed.notes()))
    raise _too_large(path)


def delimited_blocks(path: Path, text: TextFile, delimiter: str, tell: Callable[[str], object]) -> Iterator[pa.Table]:
    """Yield the rows of such a table in order, as `read_delimited` returns them; arguments and errors as there.

    Args:
        path: Name of the file, for messages.
        text: Its text.
        delimiter: Between cells, unless the file's own lines say otherwise.
        tell: Told what `read_delimited` notes, counts when all rows have passed.
    """
    dialect = find_dialect(str(path), text.head(), delimiter)
    nameless = sum(not name for name in dialect.names)
    for note in (*text.notes, *dialect.notes):
        tell(note)
    if nameless:
        tell(f"{path.name}: columns without a name that were left out: {nameless}")
    passed = repeated = 0
    for block in _BLOCKS:
        parsed = _Parsed(path, text, dialect, block)
        seen = 0
        try:
            for batch in parsed.batches():
                start, seen = seen, seen + batch.num_rows
                if seen <= passed:  # They were there before a row that did not fit.
                    continue
                table = pa.Table.from_batches([batch.slice(max(passed - start, 0))], parsed.schema)
                rows = Gathered(table=table, numbers=np.arange(seen - table.num_rows + 1, seen + 1), total=seen)
                table, numbers = _without_headers(rows, dialect)
                repeated += rows.table.num_rows - table.num_rows
                passed = seen
                yield stamp(
                    _with_names(table, dialect), file=str(path), typed=False, separator=dialect.delimiter,
                    numbers=numbers,
                )  # fmt: skip
        except _RowTooLargeError:
            continue
        for note in (*parsed.notes(), *_repeats(path, repeated)):
            tell(note)
        return
    raise _too_large(path)


def _too_large(path: Path) -> DataError:
    return DataError("a cell is larger than 1 GiB", file=path, fix="look for a quote that is not closed")


def _place(dialect: Dialect, name: str) -> str:
    return str(dialect.names.index(name)) if name in dialect.names else ""


class _RowTooLargeError(Exception):
    """A row does not fit into the block that Arrow parses at once."""


class _Parsed:
    """One pass through the rows of a file."""

    def __init__(self, path: Path, text: TextFile, dialect: Dialect, block: int) -> None:
        self.path, self.text, self.dialect, self.block = path, text, dialect, block
        self.quotes = Quotes(str(path), dialect.delimiter, len(dialect.names), dialect.sample) if text.quoted else None
        self.ragged: list[Any] = []
        self.comments = 0
        # Names may be empty; Arrow must be able to tell them apart.
        self.schema = pa.schema([(str(place), pa.large_string()) for place in range(len(dialect.names))])

    def batches(self) -> Iterator[pa.RecordBatch]:
        blocks = _below(self.text.blocks(), self.dialect.skipped)
        lines = self.quotes.mended(blocks) if self.quotes else blocks
        parse = pyarrow.csv.ParseOptions(
            delimiter=self.dialect.delimiter,
            quote_char='"' if self.quotes else False,
            newlines_in_values=True,
            invalid_row_handler=self._refuse,
        )
        convert = pyarrow.csv.ConvertOptions(column_types=self.schema, strings_can_be_null=True, null_values=[""])
        # One thread: only then does Arrow know the number of a malformed row.
        read = pyarrow.csv.ReadOptions(column_names=self.schema.names, block_size=self.block, use_threads=False)
        try:
            with pyarrow.csv.open_csv(
                _Stream(lines), read_options=read, parse_options=parse, convert_options=convert
            ) as reader:
                yield from reader
        except pa.ArrowInvalid as error:
            if "Empty CSV file" not in str(error):  # No rows: the caller says so.
                raise self._problem(str(error)) from None

    def notes(self) -> tuple[str, ...]:
        name, made = self.path.name, []
        if self.comments:
            made.append(f"{name}: lines of comment between the rows that were left out: {self.comments}")
        if self.quotes and self.quotes.literal:
            made.append(
                f"{name}: quotes that are opened and not closed were taken as part of the text: "
                f"{self.quotes.literal} rows, the first is row {self.quotes.first}"
            )
        return tuple(made)

    def _refuse(self, row: Any) -> str:
        if self.dialect.comments and row.text.startswith("#") and self.comments < _MOST_COMMENTS:
            self.comments += 1
            return "skip"
        self.ragged.append(row)
        return "error"

    def _problem(self, reason: str) -> Exception:
        if self.ragged:
            row, delimiter = self.ragged[0], self.dialect.delimiter
            return DataError(
                f"the row has {row.actual_columns} cells, the header {row.expected_columns}", file=self.path,
                row=row.number, got=row.text[:80], fix=f"quote cells that hold {delimiter!r} or complete the row",
            )  # fmt: skip
        if "straddling" in reason or "block size" in reason:
            return _RowTooLargeError()
        return DataError("not a valid table of delimited text", file=self.path, got=reason, fix="look at its lines")


class _Stream(io.RawIOBase):
    """Blocks of bytes as a file that Arrow can read."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        taken, missing = [], size
        while missing and (self._rest or self._advance()):
            part = self._rest[:missing] if size >= 0 else self._rest
            taken.append(part)
            self._rest = self._rest[len(part) :]
            missing -= len(part)
        return b"".join(taken)

    def _advance(self) -> bool:
        for block in self._blocks:
            if block:
                self._rest = memoryview(block)
                return True
        return False


def _below(blocks: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """Yield `blocks` without their first `lines` lines."""
    for block in blocks:
        start = 0
        while lines and (end := block.find(b"\n", start) + 1):
            start, lines = end, lines - 1
        if not lines:
            yield block[start:]


def _headers(table: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """Return bool ``[rows]``: whether a row is the header once more, as files that were put together have it."""
    found = np.ones(table.num_rows, bool)
    for place, name in enumerate(names):
        if not found.any():
            break
        cells = pc.equal(table.column(place), name) if name else pc.is_null(table.column(place))
        found &= cells.fill_null(False).to_numpy()
    return found


def _without_headers(rows: Gathered, dialect: Dialect) -> tuple[pa.Table, np.ndarray]:
    """Return the rows that do not repeat the header, and their numbers."""
    repeated = _headers(rows.table, dialect.written)
    if not repeated.any():
        return rows.table, rows.numbers
    return rows.table.filter(pa.array(~repeated)), rows.numbers[~repeated]


def _repeats(path: Path, count: int) -> tuple[str, ...]:
    return (f"{path.name}: rows that repeat the header and were left out: {count}",) if count else ()


def _with_names(table: pa.Table, dialect: Dialect) -> pa.Table:
    """Return the columns that have a name, by it: pandas writes row numbers without one, which are no input."""
    kept = [place for place, name in enumerate(dialect.names) if name]
    return table.select(kept).rename_columns([dialect.names[place] for place in kept])


def _named(path: Path, rows: Gathered, dialect: Dialect, notes: tuple[str, ...]) -> pa.Table:
    """Name the columns, leave out nameless ones, and say so."""
    table, numbers = _without_headers(rows, dialect)
    repeated = rows.table.num_rows - table.num_rows
    nameless = [place for place, name in enumerate(dialect.names) if not name]
    empty = [place for place in nameless if table.column(place).null_count == table.num_rows]
    notes += _repeats(path, repeated)
    notes += tuple(
        f"{path.name}: column {place + 1} has no name and was left out" for place in nameless if place not in empty
    )
    if empty:
        notes += (f"{path.name}: empty columns without a name that were left out: {len(empty)}",)
    return stamp(
        _with_names(table, dialect), file=str(path), typed=False, notes=notes, separator=dialect.delimiter,
        numbers=numbers, total=rows.total - repeated,
    )  # fmt: skip
