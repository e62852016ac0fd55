"""Which claim an interval supports."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modaxfer.reports.scores import Interval

__all__ = ["Outcome", "compare"]


class Outcome(StrEnum):
    """What an interval says of a baseline."""

    BEATS = "beats"
    FALLS_SHORT = "falls short of"
    NO_EVIDENCE = "no evidence of a difference from"
    NO_INTERVAL = "no interval, so no claim about"


def compare(interval: Interval | None, baseline: float, *, greater_is_better: bool = True) -> Outcome:
    """Decide which claim `interval` supports against `baseline`; an interval that touches it supports none."""
    if interval is None:
        return Outcome.NO_INTERVAL
    low, high = interval
    if low <= baseline <= high:
        return Outcome.NO_EVIDENCE
    return Outcome.BEATS if (low > baseline) == greater_is_better else Outcome.FALLS_SHORT
