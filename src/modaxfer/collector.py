"""Python's garbage collector at start-up and end. Only who owns the process, the command line, asks for anything here.

A run imports some five thousand modules. While they come in, the collector looks through all of them again and again,
and once more at the end, though nothing of them can go: together a fifth of what start-up and end cost.
"""

from __future__ import annotations

import gc

__all__ = ["spare", "unload_nothing", "work_begins"]

RARELY = 3_000_000
"""Objects that come to be before the collector looks for circles, as long as modules come in, which hold half as many;
Python's own is 700."""

_usual: list[tuple[int, int, int]] = []
"""What was set before `spare`, until work begins."""


def spare() -> None:
    """Look for garbage rarely from here on, until `work_begins`: most of what comes in stays."""
    if not _usual:
        _usual.append(gc.get_threshold())
        gc.set_threshold(RARELY, *_usual[0][1:])


def work_begins() -> None:
    """Look for garbage as usual from here on, but not among what is there already; nothing without `spare` before."""
    if _usual:
        gc.freeze()
        gc.set_threshold(*_usual.pop())


def unload_nothing() -> None:
    """Let the process end without a search for circles among all that it holds; its memory goes with it anyway."""
    gc.freeze()
