"""A random part of rows that are too many to keep, drawn while they pass by.

Every row has a priority, a hash of its number and the seed, and those with the lowest are kept (bottom-k sampling, a
reservoir whose choice does not depend on the order; Vitter 1985 draws as evenly). So the choice needs one pass and the
memory of the rows kept, is the same however the rows are parted into blocks, and a smaller one is part of a larger one.
Rows of a group have the priority of the group, so that it is kept whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from modaxfer.errors import DataError

__all__ = ["Draw", "Drawn", "Labels"]

Block = TypeVar("Block")

Labels = tuple[Sequence[Hashable], np.ndarray]
"""Distinct labels, and int ``[rows]`` which of them each row has; -1 for none."""

_Part = tuple[np.ndarray, np.ndarray, np.ndarray, Block]
"""Numbers, keys of the priorities and class numbers of some rows, and the rows."""

_HIGHEST = np.uint64(2**64 - 1)

_MOST_CLASSES = 10_000
"""More distinct labels than these are values, not classes, and are not drawn by class."""


_LARGEST_GROUP = 200_000
"""Rows that are kept for the sake of a group; of more seeds or rows that are drawn, twice as many as these."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Which rows to keep where there are more."""

    rows: int
    """At least this many of every split, where it has them."""
    seed: int
    seeds: int = 1
    """So many seeds from `seed` on: what is kept holds what would be drawn with each of them."""
    label: str | None = None
    """Column of the classes; None draws without regard to them."""
    group: tuple[str, ...] = ()
    """Columns whose equal values belong together: whole groups are drawn then, without regard to classes."""
    least: int = 8
    """Rows that every class keeps, where it has them."""


class Drawn(Generic[Block]):
    """The rows drawn so far.

    Args:
        draw: What to draw.
        take: Returns the rows of a block at some positions, as a block.
    """

    def __init__(self, draw: Draw, take: Callable[[Block, np.ndarray], Block]) -> None:
        self._draw, self._take = draw, take
        self._classes: dict[Hashable, int] = {}
        self._kept: list[_Part[Block]] = []
        self._size = self._needed = 0
        # By seed, the highest priority with which a row can still be kept: of all rows, and by class.
        self._bound = np.full(draw.seeds, _HIGHEST)
        self._bounds = np.zeros((draw.seeds, 0), np.uint64)
        self.total = 0
        """Rows seen."""

    def offer(self, block: Block, numbers: np.ndarray, labels: Labels | None, groups: np.ndarray | None = None) -> None:
        """Consider the rows of `block`.

        Args:
            block: Rows.
            numbers: int64 ``[rows]``, of each row.
            labels: Of the rows, where they have any.
            groups: uint64 ``[rows]``, a hash of each row's group; None where every row stands alone.
        """
        self.total += len(numbers)
        keys = numbers.astype(np.uint64) if groups is None else groups
        codes = self._coded(None if self._draw.group else labels, len(numbers))
        bounds = np.full((self._draw.seeds, len(self._classes) + 1), _HIGHEST)
        bounds[:, : self._bounds.shape[1]] = self._bounds
        bounds[:, -1] = 0  # Of rows without a label, whose code is -1.
        wanted = np.zeros(len(numbers), bool)
        for place, priorities in enumerate(self._priorities(keys)):
            wanted |= (priorities <= self._bound[place]) | (priorities <= bounds[place][codes])
        chosen = np.flatnonzero(wanted)
        self._kept.append((numbers[chosen], keys[chosen], codes[chosen], self._take(block, chosen)))
        self._size += len(chosen)
        if self._size > 2 * max(self._needed, self._draw.rows):
            self._thin()

    def result(self) -> tuple[list[Block], np.ndarray]:
        """Return the blocks of rows drawn, in order, and their numbers."""
        self._thin()
        return [block for *_, block in self._kept], np.concatenate(
            [np.zeros(0, np.int64), *(numbers for numbers, *_ in self._kept)]
        )

    def _thin(self) -> None:
        if not self._kept:
            return
        keys, codes = (np.concatenate([part[place] for part in self._kept]) for place in (1, 2))
        chosen = self._chosen(keys, codes)
        kept, start = [], 0
        for part in self._kept:
            numbers, key, code, block = part
            places = chosen[(chosen >= start) & (chosen < start + len(numbers))] - start
            start += len(numbers)
            if len(places) == len(numbers):
                kept.append(part)
            elif len(places):
                kept.append((numbers[places], key[places], code[places], self._take(block, places)))
        self._kept = kept
        self._size = self._needed = len(chosen)
        if self._draw.group and self._needed > max(_LARGEST_GROUP, 2 * self._draw.rows * self._draw.seeds):
            raise DataError(
                "a group has too many rows to be kept whole", column=" and ".join(self._draw.group),
                got=f"{self._needed:,} rows, where {self._draw.rows:,} are drawn", allowed=f"{_LARGEST_GROUP:,}",
                fix="name a column that parts the rows further, or raise --limit",
            )  # fmt: skip

    def _chosen(self, keys: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return sorted positions of the rows that any seed draws, and set the bounds by them."""
        if len(keys) <= self._draw.rows:
            return np.arange(len(keys))
        self._bounds = np.full((self._draw.seeds, len(self._classes)), _HIGHEST)
        drawn = [self._of_seed(place, own, codes) for place, own in enumerate(self._priorities(keys))]
        return drawn[0] if len(drawn) == 1 else np.unique(np.concatenate(drawn))

    def _of_seed(self, seed: int, priorities: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return sorted positions of the lowest priorities of all, and of every class."""
        rows, least = self._draw.rows, self._draw.least
        self._bound[seed] = np.partition(priorities, rows - 1)[rows - 1]
        # All rows of the last group: of rows that stand alone no two have one priority.
        of_all = np.flatnonzero(priorities <= self._bound[seed])
        if len(self._classes) > _MOST_CLASSES or self._draw.group:
            return of_all
        order = np.lexsort((priorities, codes))
        starts = np.flatnonzero(np.diff(codes[order], prepend=-2))
        place = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        labelled = codes[order] >= 0
        last = order[(place == least - 1) & labelled]
        self._bounds[seed, codes[last]] = priorities[last]
        return np.union1d(of_all, order[(place < least) & labelled])

    def _priorities(self, keys: np.ndarray) -> Iterator[np.ndarray]:
        """Yield, for each seed, the priority of every row."""
        return (_priorities(keys, self._draw.seed + place) for place in range(self._draw.seeds))

    def _coded(self, labels: Labels | None, rows: int) -> np.ndarray:
        """Return int32 ``[rows]`` class numbers; -1 for a row without a label."""
        if labels is None or len(self._classes) > _MOST_CLASSES:
            return np.full(rows, -1, np.int32)
        values, places = labels
        codes = [-1 if value is None else self._classes.setdefault(value, len(self._classes)) for value in values]
        return np.asarray([*codes, -1], np.int32)[places]


def _priorities(keys: np.ndarray, seed: int) -> np.ndarray:
    """Return a uint64 hash of each row's number, or group, by the finaliser of SplitMix64 (Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        mixed = keys + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
