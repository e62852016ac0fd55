"""Seconds per stage of a run, told to observers as they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from modaxfer.runner.observed import UNOBSERVED, Observed

__all__ = ["Stages"]

NAMES = ("load", "prepare", "features", "train", "evaluate")


class Stages:
    """A clock with one hand per stage.

    Args:
        warnings: Where observers' troubles are noted.
        observed: The run that they are stages of, as observers see it.
    """

    def __init__(self, warnings: list[str], observed: Observed = UNOBSERVED) -> None:
        self._warnings, self._observed = warnings, observed
        self._seconds = dict.fromkeys(NAMES, 0.0)
        self._started = time.monotonic()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside as part of stage `name`."""
        started = time.monotonic()
        yield
        self.add(name, time.monotonic() - started)

    def add(self, name: str, seconds: float) -> None:
        """Add `seconds` to stage `name`."""
        self._seconds[name] += seconds
        self._warnings += self._observed.tell("stage_end", stage=name, seconds=seconds)

    def seconds(self) -> dict[str, float]:
        """Return seconds by stage, and in total since the start."""
        total = time.monotonic() - self._started
        return {name: round(value, 3) for name, value in {**self._seconds, "total": total}.items()}
