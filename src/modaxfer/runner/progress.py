"""Progress on long work: bars where a terminal is attached, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from modaxfer.escaping import one_line

__all__ = ["BarsOnly", "Progress"]

QUIET_SECONDS = 10.0
"""Without a terminal, a long stretch of work prints a line this often."""


class Progress:
    """Tells people how far a run is, on standard error.

    Args:
        enabled: False keeps silent (other processes than the main one, notebooks that ask for quiet).
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._terminal = enabled and sys.stderr.isatty()

    @property
    def on_terminal(self) -> bool:
        """Whether somebody watches: it is enabled, and a terminal is attached."""
        return self._terminal

    def say(self, line: str) -> None:
        """Print one line."""
        if self._enabled:
            print(one_line(line), file=sys.stderr, flush=True)  # noqa: T201

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show progress over `total` rows; yields a function that advances it by some rows."""
        if not self._enabled or not label or not total:
            yield lambda count: None
        elif self._terminal:
            yield from self._rich(label, total)
        else:
            yield self._lines(label, total)

    def _rich(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(label, total=total)
            yield lambda count: shown.advance(task, count)

    def _lines(self, label: str, total: int) -> Callable[[int], None]:
        done, last = 0, time.monotonic()

        def advance(count: int) -> None:
            nonlocal done, last
            done += count
            if time.monotonic() - last >= QUIET_SECONDS:
                last = time.monotonic()
                self.say(f"  {label}: {done:,} of {total:,}")

        return advance


class BarsOnly(Progress):
    """Bars of one run among many, on a terminal; what it says in lines lies in its folder.

    Args:
        outer: Of the command that starts the runs.
    """

    def __init__(self, outer: Progress) -> None:
        super().__init__(outer.on_terminal)

    def say(self, line: str) -> None:
        """Keep silent: one line per run is enough."""
