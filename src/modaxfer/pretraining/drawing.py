"""Which rows a step learns from: a pure function of seed and step, whatever happened before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from modaxfer.contracts import Row
from modaxfer.pretraining.sources import Source

__all__ = ["Drawing", "Epochs", "held_out", "some_rows"]

TOGETHER = 16
"""Blocks of a source that are shuffled together, and in memory together."""

POOL = 32
"""Batches whose rows are sorted by length, so that little is padded."""

FEW_HELD_OUT, MOST_HELD_OUT = 64, 512
"""Rows of a source that are held out to validate by: one in fifty, but so many at least, and at most."""

LOOKED_AT = 256
"""Rows that are looked at before the first step."""


def held_out(numbers: np.ndarray, rows: int) -> np.ndarray:
    """Tell which rows are held out: about one in fifty, of few rows up to one in five.

    Args:
        numbers: int64 ``[n]``, numbers of rows in their source.
        rows: All rows of the source.
    """
    every = max(5, rows // MOST_HELD_OUT, min(50, rows // FEW_HELD_OUT))
    # By a multiplicative hash, lest lists in a regular order have one kind of row held out.
    mixed: np.ndarray = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(33)
    # Whatever the hash says, there is a row to validate by and a row to train on.
    kept: np.ndarray = ((mixed % np.uint64(every) == 0) | (numbers == 0)) & (numbers != 1)
    return kept


def some_rows(drawing: Drawing) -> list[Row]:
    """Return the rows of the first steps, for what has to be known before training."""
    steps = range(-(-LOOKED_AT // drawing.batch_size))
    return [row for step in steps for row in drawing.rows(step)][:LOOKED_AT]


class Epochs:
    """A source without end: each epoch in another order, blocks and then rows of some blocks shuffled."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source, self._seed = source, seed
        self._firsts = np.cumsum(source.sizes) - source.sizes
        self._total = int(source.sizes.sum())
        self._training = np.array([int((~self._held(block)).sum()) for block in range(len(source.sizes))], np.int64)
        self._block = lru_cache(maxsize=TOGETHER)(source.read)
        self._rows = lru_cache(maxsize=1)(self._shuffled)

    @property
    def rows(self) -> int:
        """Rows that are trained on."""
        return int(self._training.sum())

    def take(self, start: int, count: int) -> list[Any]:
        """Return the values of rows `start` ... ``start + count - 1`` of the endless order."""
        values: list[Any] = []
        while len(values) < count:
            epoch, place = divmod(start + len(values), self.rows)
            values += self._within(epoch, place, count - len(values))
        return values

    def validation(self) -> list[Any]:
        """Return the values of the rows that are held out."""
        found: list[Any] = []
        for block in range(len(self.source.sizes)):
            places = np.flatnonzero(self._held(block))
            if len(places):
                values = self.source.read(block)
                found += [values[place] for place in places.tolist()]
            if len(found) >= MOST_HELD_OUT:
                break
        return found[:MOST_HELD_OUT]

    def _held(self, block: int) -> np.ndarray:
        return held_out(self._firsts[block] + np.arange(self.source.sizes[block]), self._total)

    def _within(self, epoch: int, place: int, count: int) -> list[Any]:
        """Return up to `count` values from `place` on, out of one group of blocks."""
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._training))
        ends = np.cumsum(self._training[order])
        group = int(np.searchsorted(ends, place, side="right")) // TOGETHER
        blocks = tuple(map(int, order[group * TOGETHER : (group + 1) * TOGETHER]))
        place -= int(ends[group * TOGETHER - 1]) if group else 0
        chosen = self._rows(epoch, group, blocks)[place : place + count]
        return [self._block(block)[row] for block, row in chosen.tolist()]

    def _shuffled(self, epoch: int, group: int, blocks: tuple[int, ...]) -> np.ndarray:
        """Return block and number in it of the rows of a group, int64 ``[rows, 2]``."""
        own = [np.flatnonzero(~self._held(block)) for block in blocks]
        rows = np.stack([np.repeat(blocks, list(map(len, own))), np.concatenate(own)], axis=1)
        return np.random.default_rng([self._seed, epoch, group]).permutation(rows)


@dataclass
class Drawing:
    """Batches out of several sources, each in proportion to its weight.

    Args:
        epochs: The sources.
        weights: Of each, in all 1.
        field: Name of a row's one field; None = what sources hold are rows already.
        batch_size: Rows per step.
        seed: Of the order.
        length: How long a value is, roughly; None = all alike.
    """

    epochs: Sequence[Epochs]
    weights: Sequence[float]
    field: str | None
    batch_size: int
    seed: int
    length: Callable[[Any], int] | None = None
    _pool: tuple[int, list[list[Row]]] = (-1, [])

    def rows(self, step: int) -> list[Row]:
        """Return the rows of a step."""
        number, place = divmod(step, POOL)
        if self._pool[0] != number:
            self._pool = (number, self._batches(number))
        return self._pool[1][place]

    def _batches(self, pool: int) -> list[list[Row]]:
        ends = np.cumsum([0.0, *self.weights])
        size = self.batch_size * POOL
        # Rounded from the beginning on, so that shares come out exact in the long run, and each pool is known alone.
        before, after = (np.rint(ends * size * each).astype(np.int64) for each in (pool, pool + 1))
        starts, counts = np.diff(before), np.diff(after) - np.diff(before)
        values = [
            value
            for epochs, start, count in zip(self.epochs, starts, counts, strict=True)
            for value in epochs.take(int(start), int(count))
        ]
        drawn = np.random.default_rng([self.seed, pool, 1])
        order = drawn.permutation(len(values))
        if self.length is not None:
            lengths = np.array([self.length(values[place]) for place in order])
            order = order[np.argsort(lengths, kind="stable")]
        batches = [order[cut : cut + self.batch_size] for cut in range(0, size, self.batch_size)]
        return [[self.row(values[place]) for place in batches[each]] for each in drawn.permutation(POOL)]

    def looked_at(self) -> list[Row]:
        """Return `some_rows`."""
        return some_rows(self)

    def row(self, value: Any) -> Row:
        """Return the row that a value is."""
        row: Row = value if self.field is None else {self.field: value}
        return row
