"""Progress on long work: bars where a terminal is attached, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from modaxfer.escaping import one_line
from modaxfer.fitted_lines import fit

__all__ = ["BarsOnly", "Progress"]

QUIET_SECONDS = 10.0
"""Without a terminal, a long stretch of work prints its first line after this; each line is twice as long in coming."""

NARROW = 80
"""A terminal of fewer letters is shown no bar, numbers alone."""

LOADING = "loading libraries ..."
"""What a terminal shows before there is anything else to tell."""


class Progress:
    """Tells people how far a run is, on standard error.

    Args:
        enabled: False keeps silent (other processes than the main one, notebooks that ask for quiet).
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._terminal = enabled and sys.stderr.isatty()
        self._warned: set[str] = set()

    @property
    def on_terminal(self) -> bool:
        """Whether somebody watches: it is enabled, and a terminal is attached."""
        return self._terminal

    def say(self, line: str) -> None:
        """Print one line, which goes on below itself where a terminal is narrower."""
        if self._enabled:
            print(fit(one_line(line), sys.stderr), file=sys.stderr, flush=True)  # noqa: T201

    def warn(self, warning: str) -> None:
        """Print a warning, once however often it is told."""
        if warning not in self._warned:
            self._warned.add(warning)
            self.say(f"warning: {warning}")

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Say on a terminal that libraries come in, for as long as they do: seconds, more at first."""
        if self._terminal:
            print(LOADING, end="", file=sys.stderr, flush=True)  # noqa: T201
        try:
            yield
        finally:
            if self._terminal:
                print(f"\r{' ' * len(LOADING)}\r", end="", file=sys.stderr, flush=True)  # noqa: T201

    @contextmanager
    def bar(self, label: str, total: int, unit: str = "rows") -> Iterator[Callable[[int], None]]:
        """Show progress over `total` rows, or other `unit`; yields a function that advances it by some of them."""
        if not self._enabled or not label or not total:
            yield lambda count: None
        elif self._terminal:
            yield from self._rich(label, total, unit)
        else:
            yield self._lines(label, lambda done, passed: f"{done:,} of {total:,}, {_pace(done, total, passed, unit)}")

    def passing(self, label: str) -> Callable[[int], None]:
        """Return a function that is told of rows that go by, nobody knows how many: lines that grow rarer."""
        return self._lines(label, lambda done, seconds: f"{done:,} rows, {done / seconds:,.0f} rows/s")

    def _rich(self, label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        console, started, done = Console(stderr=True), time.monotonic(), 0
        # What does not fit is cut: a line that wraps is drawn again below itself.
        text: dict[str, Any] = {"table_column": Column(no_wrap=True, overflow="ellipsis")}
        columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False, **text)]
        columns += [BarColumn(bar_width=16)] if console.width >= NARROW else []
        columns += [MofNCompleteColumn(**text), TextColumn("{task.fields[pace]}", markup=False, **text)]
        with RichProgress(*columns, console=console, transient=True) as shown:
            task = shown.add_task(one_line(label), total=total, pace="")

            def advance(count: int) -> None:
                nonlocal done
                done += count
                shown.update(task, advance=count, pace=_pace(done, total, time.monotonic() - started, unit))

            yield advance

    def _lines(self, label: str, told: Callable[[int, float], str]) -> Callable[[int], None]:
        """Return a function that is told how much is done; lines say what `told` makes of that and of the seconds."""
        started, done, due = time.monotonic(), 0, QUIET_SECONDS

        def advance(count: int) -> None:
            nonlocal done, due
            done += count
            passed = time.monotonic() - started
            if passed >= due:
                due = 2 * passed
                self.say(f"  {label}: {told(done, passed)}")

        return advance


def _pace(done: int, total: int, seconds: float, unit: str) -> str:
    """Say how fast it goes and how long it will take at that pace: ``688 rows/s, 0:02:20 left``."""
    if not done or seconds <= 0:
        return ""
    pace = done / seconds
    left = timedelta(seconds=round(max(total - done, 0) / pace))
    return f"{pace:,.0f} {unit}/s, {left} left" if pace >= 10 else f"{pace:.2g} {unit}/s, {left} left"


class BarsOnly(Progress):
    """Bars of one run among many, on a terminal; what it says in lines lies in its folder.

    Args:
        outer: Of the command that starts the runs.
    """

    def __init__(self, outer: Progress) -> None:
        super().__init__(outer.on_terminal)

    def say(self, line: str) -> None:
        """Keep silent: one line per run is enough."""
