"""Made-up tables: columns drawn at random, and a class that hangs on some of them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import pstdev
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Cell", "Choice", "Number", "balanced_tables"]

Cell = float | int | str | None
"""One value of a table; None where there is a gap."""

_ROWS = {"train": 150, "test": 60}
_NOISE = 0.4
"""Standard deviation of what no column explains, as a share of what the columns explain."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number, uniform from `low` to `high`."""

    low: float
    high: float
    pull: float = 0.0
    """How much more the highest value speaks for the second class than the lowest."""
    step: float = 1
    gaps: float = 0.0
    """Share of values that are missing; they are drawn first, so that a gap hides what still counts."""

    def draw(self, source: random.Random) -> tuple[Cell, float]:
        """Return a value and how much it speaks for the second class."""
        place = source.random()
        number = self.low + round(place * (self.high - self.low) / self.step) * self.step
        value = int(number) if float(self.step).is_integer() else round(number, 2)
        return None if source.random() < self.gaps else value, self.pull * place


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A category; each is as likely as the others."""

    pulls: Mapping[str, float]
    """Category to how much it speaks for the second class."""
    gaps: float = 0.0

    def draw(self, source: random.Random) -> tuple[Cell, float]:
        """Return a category and how much it speaks for the second class."""
        name = source.choice(tuple(self.pulls))
        return None if source.random() < self.gaps else name, self.pulls[name]


def balanced_tables(seed: str, columns: Mapping[str, Number | Choice], classes: Sequence[str]) -> dict[str, pa.Table]:
    """Return ``train`` (150 rows) and ``test`` (60) with `columns` and ``label``, half of each split in either class.

    The half of the rows for which the sum of pulls and some noise is highest is of the second class.
    """
    source = random.Random(seed)
    drawn = [{name: column.draw(source) for name, column in columns.items()} for _ in range(sum(_ROWS.values()))]
    pulls = [sum(pull for _, pull in row.values()) for row in drawn]
    noise = _NOISE * pstdev(pulls)
    scores = [pull + source.gauss(0, noise) for pull in pulls]
    order = sorted(range(len(drawn)), key=scores.__getitem__)
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    for half in halves:
        source.shuffle(half)
    tables, start = {}, 0
    for split, count in _ROWS.items():
        rows = [
            {**{name: value for name, (value, _) in drawn[place].items()}, "label": label}
            for half, label in zip(halves, classes, strict=True)
            for place in half[start : start + count // 2]
        ]
        start += count // 2
        source.shuffle(rows)
        tables[split] = pa.Table.from_pylist(rows)
    return tables
