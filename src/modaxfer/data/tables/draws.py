"""A random part of rows that are too many to keep, drawn while they pass by.

Every row has a priority, a hash of its number and the seed, and those with the lowest are kept (bottom-k sampling). So
the choice needs one pass and the memory of the rows kept, and is the same however the rows are parted into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

__all__ = ["Draw", "Drawn", "Labels"]

Block = TypeVar("Block")

Labels = tuple[Sequence[Hashable], np.ndarray]
"""Distinct labels, and int ``[rows]`` which of them each row has; -1 for none."""

_HIGHEST = np.uint64(2**64 - 1)

_MOST_CLASSES = 10_000
"""More distinct labels than these are values, not classes, and are not drawn by class."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Which rows to keep where there are more."""

    rows: int
    """At least this many of every split, where it has them."""
    seed: int
    label: str | None = None
    """Column of the classes; None draws without regard to them."""
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
        self._kept: list[tuple[np.ndarray, np.ndarray, Block]] = []
        self._size = self._needed = 0
        # The highest priority with which a row can still be kept: of all rows, and by class.
        self._bound = _HIGHEST
        self._bounds = np.zeros(0, np.uint64)
        self.total = 0
        """Rows seen."""

    def offer(self, block: Block, numbers: np.ndarray, labels: Labels | None) -> None:
        """Consider the rows of `block`, of the given int64 `numbers` and, where it has them, `labels`."""
        self.total += len(numbers)
        codes = self._coded(labels, len(numbers))
        priorities = _priorities(numbers, self._draw.seed)
        bounds = np.full(len(self._classes) + 1, _HIGHEST)
        bounds[: len(self._bounds)] = self._bounds
        bounds[-1] = 0  # Of rows without a label, whose code is -1.
        chosen = np.flatnonzero((priorities <= self._bound) | (priorities <= bounds[codes]))
        self._kept.append((numbers[chosen], codes[chosen], self._take(block, chosen)))
        self._size += len(chosen)
        if self._size > 2 * max(self._needed, self._draw.rows):
            self._thin()

    def result(self) -> tuple[list[Block], np.ndarray]:
        """Return the blocks of rows drawn, in order, and their numbers."""
        self._thin()
        return [block for _, _, block in self._kept], np.concatenate(
            [np.zeros(0, np.int64), *(numbers for numbers, _, _ in self._kept)]
        )

    def _thin(self) -> None:
        if not self._kept:
            return
        numbers = np.concatenate([part for part, _, _ in self._kept])
        codes = np.concatenate([part for _, part, _ in self._kept])
        chosen = self._chosen(_priorities(numbers, self._draw.seed), codes)
        kept, start = [], 0
        for part, code, block in self._kept:
            places = chosen[(chosen >= start) & (chosen < start + len(part))] - start
            start += len(part)
            if len(places) == len(part):
                kept.append((part, code, block))
            elif len(places):
                kept.append((part[places], code[places], self._take(block, places)))
        self._kept = kept
        self._size = self._needed = len(chosen)

    def _chosen(self, priorities: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return sorted positions of the lowest priorities of all, and of every class, and set the bounds by them."""
        rows, least = self._draw.rows, self._draw.least
        if len(priorities) <= rows:
            return np.arange(len(priorities))
        of_all = np.argpartition(priorities, rows - 1)[:rows]
        self._bound = priorities[of_all].max()
        if len(self._classes) > _MOST_CLASSES:
            return np.sort(of_all)
        order = np.lexsort((priorities, codes))
        starts = np.flatnonzero(np.diff(codes[order], prepend=-2))
        place = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        labelled = codes[order] >= 0
        last = order[(place == least - 1) & labelled]
        self._bounds = np.full(len(self._classes), _HIGHEST)
        self._bounds[codes[last]] = priorities[last]
        return np.union1d(of_all, order[(place < least) & labelled])

    def _coded(self, labels: Labels | None, rows: int) -> np.ndarray:
        """Return int32 ``[rows]`` class numbers; -1 for a row without a label."""
        if labels is None or len(self._classes) > _MOST_CLASSES:
            return np.full(rows, -1, np.int32)
        values, places = labels
        codes = [-1 if value is None else self._classes.setdefault(value, len(self._classes)) for value in values]
        return np.asarray([*codes, -1], np.int32)[places]


def _priorities(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Return a uint64 hash of each row number, by the finaliser of SplitMix64 (Steele et al., 2014)."""
    with np.errstate(over="ignore"):
        mixed = numbers.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
