"""Rows that pass by, all of them, in blocks: where each stands is known, so that whoever was stopped goes on there."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from modaxfer.data.layouts.folders import data_files
from modaxfer.data.origin import cut, notes_of, numbers_of, renumbered
from modaxfer.data.streaming.hub import Part, hub_name, hub_parts
from modaxfer.data.streaming.state import files_state
from modaxfer.data.tables.files import read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from modaxfer.data.tables.gathering import Columns
    from modaxfer.source_specs import HubSource

__all__ = ["Ahead", "Passing", "Place", "passing_files", "passing_hub"]


class Place(NamedTuple):
    """Where a row of a split stands."""

    part: int = 0
    """Number of its file, from 0."""
    row: int = 0
    """Rows before it in that file."""
    before: int = 0
    """What the numbers of the rows of that file go on from."""


@dataclass(frozen=True, kw_only=True)
class Passing:
    """Rows that can pass by, from the first one or from any place."""

    told: str
    """For people: ``folder PATH``, ``file PATH`` or ``hub ID``."""
    state: str
    """What the source is now: the same state means the same rows in the same order."""
    root: Path | None
    """Folder that media paths are relative to."""
    parts: Mapping[str, Sequence[Part]]
    """By split, what its rows lie in, in their order."""
    notes: tuple[str, ...] = ()

    def blocks(self, split: str, start: Place = Place()) -> Iterator[tuple[pa.Table, Place]]:  # noqa: B008
        """Yield the rows of `split` from `start` on, and where the first row of each block stands.

        Rows are numbered from 1, through all parts.

        Raises:
            DataError: A part cannot be read, or holds no rows.
        """
        parts, before = self.parts[split], start.before
        for number in range(start.part, len(parts)):
            passed = start.row if number == start.part else 0
            last = 0
            for table in parts[number](passed):
                if table.num_rows:
                    numbers = numbers_of(table)
                    yield renumbered(table, numbers + before), Place(number, passed, before)
                    passed, last = passed + table.num_rows, int(numbers[-1])
            # Rows of JSON are numbered by lines, of which some may be blank.
            before += max(passed, last)


class Ahead:
    """Rows that pass by, as many at a time as are asked for; one block is read ahead.

    Args:
        blocks: As `Passing.blocks` yields them.
    """

    def __init__(self, blocks: Iterator[tuple[pa.Table, Place]]) -> None:
        self._blocks = blocks
        self._held: deque[tuple[pa.Table, Place]] = deque()

    @property
    def place(self) -> Place | None:
        """Where the next row stands; None where there is none."""
        if not self._held and (block := next(self._blocks, None)) is not None:
            self._held.append(block)
        return self._held[0][1] if self._held else None

    def take(self, most: int) -> pa.Table:
        """Return the next rows, `most` of them or fewer; there is at least one."""
        assert self.place is not None, "no row is left"
        table, place = self._held.popleft()
        if table.num_rows > most:
            self._held.appendleft((cut(table, most, table.num_rows), place._replace(row=place.row + most)))
            table = cut(table, 0, most)
        return table


def passing_files(path: Path, columns: Columns, tell: Callable[[str], object]) -> Passing:
    """Return the rows of a file, or of a folder of split files and their parts.

    Args:
        path: File or folder.
        columns: Those that are read.
        tell: Told what a reader of a file should know, when its rows pass; of some things with each block.

    Raises:
        DataError: There are none, or they lie in files that are read whole.
    """
    state, found = files_state(path), data_files(path)
    parts = {split: [partial(_file, file, columns, tell) for file in files] for split, files in found.files.items()}
    told = f"{'folder' if path.is_dir() else 'file'} {path}"
    root = (path if path.is_dir() else path.parent).resolve()
    return Passing(told=told, state=state, root=root, parts=parts, notes=found.notes)


def _file(path: Path, columns: Columns, tell: Callable[[str], object], skip: int) -> Iterator[pa.Table]:
    for table in read_blocks(path, columns, skip, tell):
        for note in notes_of(table):
            tell(note)
        yield table


def passing_hub(source: HubSource, commit: str, columns: Columns) -> Passing:
    """Return the rows of a data set of the hub at `commit`.

    Args:
        source: The data set.
        commit: What its revision was when its rows began to pass.
        columns: Those that are read.

    Raises:
        UnavailableError: It cannot be opened.
        DataError: It has no training split.
    """
    parts, notes = hub_parts(replace(source, revision=commit), columns)
    return Passing(told=hub_name(source), state=commit, root=None, parts=parts, notes=notes)
