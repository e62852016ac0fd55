"""Prepared rows that neither the cache nor memory has room for: made again each time they are asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from modaxfer.contracts import Example
from modaxfer.data.download import cache_folder
from modaxfer.data.tables.memory import free_memory
from modaxfer.runner.rows.cache import cache_limit
from modaxfer.runner.rows.content import row_keys
from modaxfer.runner.rows.store import Notes

__all__ = ["NoRoomError", "RemadeRows", "Room", "disk_room", "memory_room", "within"]

SPARE = 1 << 30
"""Bytes that rows may always take."""

SHARE = 0.5
"""Of what is free, so much may rows take: a run needs room for what it makes of them as well."""

Room = Callable[[], tuple[float, str]]
"""Returns the bytes that rows may take together, and in words what that is."""


class NoRoomError(Exception):
    """Rows would take more than there is; the message says so in one line. Never leaves this room."""


class RemadeRows(Sequence[Example]):
    """Rows that are made when they are asked for. All are made once at the start, and let go: keys and lengths stay.

    Args:
        chunks: The examples of all rows, made once.
        row: Makes the example of one row, by its number.
        length: Returns the tokens of an example.
        notes: Called when all were made: what was lost on the way, and that they are not kept, one line each.
    """

    def __init__(
        self,
        chunks: Iterable[Sequence[Example]],
        row: Callable[[int], Example],
        length: Callable[[Example], int],
        notes: Notes,
    ) -> None:
        self._row = row
        keys, lengths = [np.zeros((0, 16), np.uint8)], []
        for chunk in chunks:
            keys.append(row_keys(chunk))
            lengths += [length(example) for example in chunk]
        self.keys: np.ndarray = np.concatenate(keys)
        """What each row holds, see `modaxfer.runner.rows.content.row_keys`."""
        self.lengths: np.ndarray = np.array(lengths, np.int64)
        """Tokens of each row, int64."""
        self.notes = tuple(notes())

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self._row(int(row))


def within(room: Room, rows: int, chunks: Iterable[Sequence[Example]]) -> Iterator[Sequence[Example]]:
    """Yield `chunks`; after the first it is known how much all `rows` would take.

    Raises:
        NoRoomError: That is more than there is.
    """
    for number, chunk in enumerate(chunks):
        if number == 0 and chunk:
            needed = rows * sum(value.nbytes for example in chunk for value in example.values()) / len(chunk)
            there, told = room() if needed > SPARE else (needed, "")
            if needed > there:
                raise NoRoomError(
                    f"{rows:,} prepared rows would take {needed / 1e9:.1f} GB, {told} {there / 1e9:.1f} GB"
                )
        yield chunk


def disk_room() -> tuple[float, str]:
    """Return how much rows may take of the cache, and of its disk."""
    folder, most = cache_folder(), cache_limit()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    free = SHARE * shutil.disk_usage(folder).free
    if most < free:
        return most, "the cache (MODAXFER_CACHE_GB) holds"
    return free, "half of what is free on the disk of the cache is"


def memory_room() -> tuple[float, str]:
    """Return how much rows may take of memory."""
    return SHARE * free_memory(), "half of the free memory is"
