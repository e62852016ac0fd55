"""The table of a comparison while its cells end: each is kept at once, and the whole is written now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from modaxfer.runner.compare import journal
from modaxfer.runner.compare.ledger import CellRecord, read_cells, write_cells

__all__ = ["SHARE", "Table"]

SHARE = 20
"""Between two writings of the whole lies so many times what the last one took: a twentieth of the time at most."""

Key = tuple[str, str, str, int]


class Table:
    """What came of each cell, in memory and on disk.

    A cell that ends costs one line of the journal, however many there are. What a driver that was killed has left is
    made one file again when this is built.

    Args:
        folder: The comparison's.
        order: Keys of all cells, as compare.json lists them.
        on_change: Called when the whole was written: what is drawn of it takes its time as well.
        clock: Returns seconds.
    """

    def __init__(
        self,
        folder: Path,
        order: Iterable[Key],
        on_change: Callable[[], Any] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.order, self.on_change, self.clock = folder, tuple(order), on_change, clock
        self.records = {record.key: record for record in read_cells(folder)}
        self._due, self._fresh = clock(), False
        if journal.is_there(folder):
            write_cells(folder, self.cells())

    def cells(self) -> tuple[CellRecord, ...]:
        """Return the records of all cells that have ended, in order."""
        return tuple(self.records[key] for key in self.order if key in self.records)

    def take(self, record: CellRecord) -> None:
        """Keep what came of a cell, which a kill of this process does not undo."""
        if self.records.get(record.key) != record:
            self.records[record.key] = record
            journal.append(self.folder, record.to_dict())
        self._fresh = True
        if self.clock() >= self._due:
            self.write()

    def write(self, evidence: Mapping[str, Any] | None = None) -> None:
        """Write the whole, and what is drawn of it; the journal is empty then."""
        started = self.clock()
        write_cells(self.folder, self.cells(), evidence)
        self._fresh = False
        self.on_change()
        ended = self.clock()
        self._due = ended + SHARE * (ended - started)

    def settle(self) -> None:
        """Write the whole where it is not what is known, as whoever stops a comparison leaves it."""
        if self._fresh:
            self.write()
