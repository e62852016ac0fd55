"""Many pictures or sounds at a time: what decodes, scales and resamples them lets other threads go on meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["in_threads"]

MOST = 8
"""Threads."""

Value = TypeVar("Value")
Made = TypeVar("Made")


def in_threads(function: Callable[[Value], Made], values: Sequence[Value]) -> list[Made]:
    """Return what `function` makes of each of `values`, in their order; its first error is raised.

    One value is seen to in this thread.
    """
    threads = min(MOST, cpu_count() or 1, len(values))
    if threads < 2:
        return [function(value) for value in values]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, values))
