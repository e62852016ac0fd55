"""Batches of a file to one table: all rows, or a random part of them; all columns, or those that are named."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.origin import numbers_of, renumbered, total_of
from modaxfer.data.tables.draws import Draw, Drawn, Labels
from modaxfer.data.tables.memory import Room

__all__ = ["EVERYTHING", "Columns", "Gathered", "Selection", "drawn", "gathered", "group_keys", "labels_of"]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which part of a file is wanted."""

    columns: frozenset[str] | None = None
    """Only these, where the file has them all and its format can skip the others."""
    draw: Draw | None = None
    """Only these rows, where there are more."""
    before: int = 0
    """Rows in files before this one, which its row numbers go on from."""
    passed: Callable[[int], object] | None = field(default=None, compare=False)
    """Told of rows that have gone by, where some are drawn."""


EVERYTHING = Selection()


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which columns are read of rows that pass by."""

    needed: frozenset[str]
    beside: frozenset[str] = frozenset()
    """Those that are read as well, where there are such."""

    def among(self, there: Iterable[str]) -> frozenset[str] | None:
        """Return those to read of the columns that are there; None = all: one that is needed is not among them.

        It may be a part of objects, or missing; then a message names those that could have been meant.
        """
        names = frozenset(there)
        return (self.needed | self.beside) & names if self.needed <= names else None


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Rows that were kept."""

    table: pa.Table
    numbers: np.ndarray
    """int64 ``[rows]``: number of each row, from 1 in the first file."""
    total: int
    """Rows that the file has."""


def gathered(
    file: str | Path,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    selection: Selection,
    called: Callable[[str], str] = str,
) -> Gathered:
    """Return the rows of `batches` that `selection` wants; text columns may hold more than 2 GiB.

    Args:
        file: Name of the file, for messages.
        schema: Of every batch.
        batches: Rows in order.
        selection: What is wanted of them.
        called: Returns the name in `schema` of a column, by the name that it has for users.

    Raises:
        DataError: All are wanted, and do not fit into memory; or a group is too large to be kept whole.
    """
    if selection.draw is None:
        table = pa.Table.from_batches(list(_fitting(file, batches)), schema)
        return Gathered(table=table, numbers=_numbers(selection.before, table.num_rows), total=table.num_rows)
    chosen: Drawn[pa.RecordBatch] = Drawn(selection.draw, _taken)
    label, group = called(selection.draw.label or ""), list(map(called, selection.draw.group))
    for batch in batches:
        numbers = _numbers(selection.before + chosen.total, batch.num_rows)
        _offered(chosen, batch, numbers, label, group)
        if selection.passed is not None:
            selection.passed(batch.num_rows)
    blocks, numbers = chosen.result()
    return Gathered(table=pa.Table.from_batches(blocks, schema), numbers=numbers, total=chosen.total)


def _offered(
    chosen: Drawn[pa.RecordBatch], batch: pa.RecordBatch, numbers: np.ndarray, label: str, group: Sequence[str]
) -> None:
    there = batch.schema.names
    labels = labels_of(batch.column(label)) if label in there else None
    groups = [labels_of(batch.column(name)) for name in group if name in there]
    chosen.offer(batch, numbers, labels, group_keys(groups, numbers) if groups else None)


def _fitting(file: str | Path, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    room = Room(file)
    for batch in batches:
        room.take(batch.num_rows, batch.nbytes)
        yield batch


def drawn(table: pa.Table, draw: Draw) -> pa.Table:
    """Return the rows of `table` that `draw` keeps, with their numbers."""
    if table.num_rows <= draw.rows:
        return table
    chosen: Drawn[pa.RecordBatch] = Drawn(draw, _taken)
    numbers, start = numbers_of(table), 0
    for batch in table.to_batches(max_chunksize=1 << 16):
        _offered(chosen, batch, numbers[start : start + batch.num_rows], draw.label or "", draw.group)
        start += batch.num_rows
    blocks, kept = chosen.result()
    return renumbered(pa.Table.from_batches(blocks, table.schema), kept, total_of(table))


def labels_of(column: pa.Array) -> Labels:
    """Return the labels in `column`; a list is one label."""
    if pa.types.is_nested(column.type):
        column = pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.string())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    return column.dictionary.to_pylist(), column.indices.fill_null(-1).to_numpy(zero_copy_only=False)


def group_keys(columns: Sequence[Labels], numbers: np.ndarray) -> np.ndarray:
    """Return uint64 ``[rows]``, equal where all `columns` are, whatever type a file gives them.

    A row without a value in any of them stands alone.
    """
    keys: np.ndarray = np.zeros(len(numbers), np.uint64)
    alone = np.ones(len(numbers), bool)
    for values, places in columns:
        hashes = np.array([*map(_hash, values), 0], np.uint64)
        with np.errstate(over="ignore"):
            keys = keys * np.uint64(0x9E3779B97F4A7C15) + hashes[places]
        alone &= places < 0
    return np.where(alone, numbers.astype(np.uint64), keys)


def _hash(value: object) -> int:
    return int.from_bytes(hashlib.blake2b(str(value).encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _taken(batch: pa.RecordBatch, places: np.ndarray) -> pa.RecordBatch:
    return batch if len(places) == batch.num_rows else batch.take(pa.array(places, pa.int64()))


def _numbers(before: int, rows: int) -> np.ndarray:
    return np.arange(before + 1, before + rows + 1)
