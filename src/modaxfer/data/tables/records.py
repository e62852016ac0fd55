"""JSON rows, one object a line or a list of them, as a table: rows may have other keys, columns may mix types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.data.origin import stamp
from modaxfer.data.tables.draws import Draw, Drawn, Labels
from modaxfer.data.tables.encodings import survey
from modaxfer.data.tables.gathering import Selection, group_keys
from modaxfer.data.tables.memory import Room
from modaxfer.data.tables.mixed_types import as_array, as_text, united
from modaxfer.data.tables.objects import Objects, Record
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from modaxfer.data.tables.encodings import TextFile

__all__ = ["read_records", "record_blocks"]

_BLOCK, _LETTERS = 8192, 1 << 26
"""Rows that become columns together, and about how many letters they hold at most."""

Blocks = Iterator[tuple[np.ndarray, list[Record]]]


def read_records(path: Path, source: Callable[[], BinaryIO], selection: Selection) -> pa.Table:
    """Read a file of JSON objects; a key that a row leaves out is empty there.

    A column that mixes types becomes text, and is marked as one without a type. Rows are numbered by their line, in a
    list by their place.

    Raises:
        DataError: A row is no object, is not valid JSON, has a key twice, a number too long or too deep a nesting.
    """
    text = survey(str(path), source)
    objects = Objects(path, text)
    drawn, total = _drawn(objects, selection, selection.draw) if selection.draw else (None, None)

    def blocks() -> Blocks:
        return _blocks(objects) if drawn is None else iter([drawn])

    columns, numbers, mixed = _columns(path, blocks())
    if len(numbers) == 1:
        objects.require_rows([row for _, block in blocks() for row in block])
    notes = (*text.notes, *objects.notes())
    for name in mixed:
        # Read again: what has become a number cannot be written as it stood.
        columns[name] = pa.chunked_array([as_text([row.get(name) for row in block]) for _, block in blocks()])
    return stamp(
        pa.table(columns), file=str(path), notes=notes, mixed=mixed, numbers=numbers + selection.before, total=total
    )


def record_blocks(path: Path, text: TextFile, tell: Callable[[str], object]) -> Iterator[pa.Table]:
    """Yield the rows of a file of JSON objects, one a line, in order, as `read_records` returns them.

    A column that mixes types in one block is text there; of one that mixes them from block to block each block has its
    own type.

    Args:
        path: Name of the file, for messages.
        text: Its text.
        tell: Told what `read_records` notes, counts when all rows have passed.

    Raises:
        DataError: As for `read_records`; or the file is one list, which is parsed whole.
    """
    if text.head(1024).lstrip().startswith("["):
        raise DataError(
            "a JSON file that is one list is parsed whole, not as a stream", file=path,
            fix="write it with one object a line (jsonl): frame.to_json(PATH, orient=\"records\", lines=True)",
        )  # fmt: skip
    objects = Objects(path, text)
    for note in text.notes:
        tell(note)
    known: dict[str, None] = {}
    for numbers, records in _blocks(objects):
        if not known and len(records) == 1:
            objects.require_rows(records)
        columns, _, mixed = _columns(path, iter([(numbers, records)]))
        columns |= {name: as_text([record.get(name) for record in records]) for name in mixed}
        # A key that no row of this block has is empty in all of them.
        columns |= {name: pa.nulls(len(records)) for name in known if name not in columns}
        known |= dict.fromkeys(columns)
        yield stamp(pa.table(columns), file=str(path), mixed=mixed, numbers=numbers)
    for note in objects.notes():
        tell(note)


def _blocks(objects: Objects) -> Blocks:
    rows = iter(objects)
    while block := list(_some(rows)):
        yield np.array([number for number, _ in block], np.int64), [record for _, record in block]


def _some(rows: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
    """Yield the rows of the next block: two at least, where there are two, so that one alone is the only one."""
    letters = 0
    for count, (number, record) in enumerate(islice(rows, _BLOCK), 1):
        letters += sum(len(cell) for cell in record.values() if isinstance(cell, str))
        yield number, record
        if letters > _LETTERS and count > 1:
            return


def _drawn(objects: Objects, selection: Selection, draw: Draw) -> tuple[tuple[np.ndarray, list[Record]], int]:
    drawn: Drawn[list[Record]] = Drawn(draw, lambda block, places: [block[place] for place in places])
    for numbers, records in _blocks(objects):
        labels = None if draw.label is None else _labels(records, draw.label)
        groups = [_labels(records, name) for name in draw.group]
        drawn.offer(records, numbers, labels, group_keys(groups, numbers) if groups else None)
        if selection.passed is not None:
            selection.passed(len(records))
    kept, numbers = drawn.result()
    return (numbers, [record for block in kept for record in block]), drawn.total


def _labels(records: list[Record], column: str) -> Labels:
    values = [None if (value := record.get(column)) is None else str(value) for record in records]
    place = {value: at for at, value in enumerate(dict.fromkeys(values))}
    return list(place), np.array([place[value] for value in values], np.int64)


def _columns(path: Path, blocks: Blocks) -> tuple[dict[str, Any], np.ndarray, list[str]]:
    """Return the columns that have one type, the row numbers, and the names of columns that have several."""
    parts: dict[str, list[pa.Array | None]] = {}
    numbers = [np.zeros(0, np.int64)]
    rows, room = 0, Room(path)
    for places, records in blocks:
        room.take(len(records), 0)
        names = dict.fromkeys(name for record in records for name in record)
        for name in [*parts, *(name for name in names if name not in parts)]:
            before = [pa.nulls(rows)] if rows and name not in parts else []
            values = [record.get(name) for record in records]
            array = as_array(values)
            parts.setdefault(name, before).append(array)
            room.take(0, 0 if array is None else array.nbytes)
        rows += len(records)
        numbers.append(places)
    columns = {name: united(arrays) for name, arrays in parts.items()}
    return columns, np.concatenate(numbers), [name for name, column in columns.items() if column is None]
