"""Numbers of an explanation as they are read: as many decimals as the largest beside them asks for, 0 for less."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modaxfer.runner.explain.explain import RowExplanation

__all__ = ["Sizes", "sizes_of"]

DIGITS = 3
"""Significant digits of the largest number."""

LOG_ODDS = 0.01
"""Digits of log-odds are counted from here at least: what is under 0.00005 of them moves no probability by 0.00002."""

ROUNDING = 1e-4
"""Digits of a number are counted from this share of it at least: the rest of float32 is rounding."""


@dataclass(frozen=True)
class Sizes:
    """How numbers that stand side by side are written."""

    largest: float
    """What has `DIGITS` digits."""

    @property
    def decimals(self) -> int:
        """Decimals that are read; below 0 where the largest has more digits than are read."""
        return DIGITS - 1 - math.floor(math.log10(self.largest)) if self.largest > 0 else DIGITS

    def rounded(self, value: float) -> float:
        """Return `value`, 0.0 where it is nothing beside the largest."""
        return round(value, self.decimals) + 0.0 if math.isfinite(value) else value

    def __call__(self, value: float) -> str:
        """Return a number with its sign; ``0`` of what is nothing beside the largest."""
        kept = self.rounded(value)
        if kept == 0:
            return "0"
        if not math.isfinite(kept) or self.largest < 1e-3 or self.largest >= 1e10:
            return f"{kept:+.{DIGITS}g}"
        return f"{value:+,.{max(0, self.decimals)}f}"


def sizes_of(row: RowExplanation) -> Sizes:
    """Return how the attributions of a row and the effects of its fields are written."""
    made, found = row.made, row.made.attributed
    values = [*(float(each) for sums in made.sums for each in sums), *row.effects.values()]
    answers = [made.value] if found is None else [made.value, found.answer, found.baseline]
    least = ROUNDING * max((abs(each) for each in answers if math.isfinite(each)), default=0.0)
    if made.answer.unit == "log-odds":
        least = max(least, LOG_ODDS)
    return Sizes(max([least, *(abs(each) for each in values if math.isfinite(each))]))
