"""Who is told how far a stream has gone by: whoever begins a command says so, and nothing between knows of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Watch", "passing", "watched"]

Watch = Callable[[str], Callable[[int], object]]
"""Given what passes by, returns a function that is told of every so many rows of it."""

_WATCH: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` be told of the streams that are read inside."""
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


def passing(name: str) -> Callable[[int], object] | None:
    """Return what is told of the rows of the stream `name` that have gone by; None where nobody watches."""
    watch = _WATCH.get()
    return watch(name) if watch else None
