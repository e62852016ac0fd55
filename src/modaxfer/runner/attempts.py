"""What may fail without taking a run down with it: a secondary metric, an interval, a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from modaxfer.errors import PluginFaultError
from modaxfer.registry import noted
from modaxfer.runner.claims.space import is_full

__all__ = ["attempt", "each_apart"]

Found = TypeVar("Found")
Value = TypeVar("Value")


def attempt(what: str, make: Callable[[], Found], warnings: list[str]) -> Found | None:
    """Return what `make` returns; where it raises, note that `what` is left out, and why, and return None.

    A full disk is no failure of `what`, and is handed on; so is, with ``MODAXFER_STRICT=1``, the fault of a plugin.
    """
    try:
        return make()
    except Exception as error:
        if is_full(error):
            raise
        reason = " ".join(str(error).split()) or "no reason given"
        said = reason if isinstance(error, PluginFaultError) else f"{type(error).__name__}: {reason}"
        warnings.append(noted(f"{what} failed and is left out: {said}", error))
        return None


def each_apart(
    what: str,
    names: Sequence[str],
    make: Callable[[Sequence[str]], Mapping[str, Value]],
    warnings: list[str],
    *,
    needed: str | None = None,
) -> dict[str, Value]:
    """Return `make` of all `names`, or, where that raises, of each one that does not.

    Args:
        what: What is made of a name, for people.
        names: Metrics.
        make: Takes some of the names, returns a value for each.
        warnings: Where those that fail are noted.
        needed: A name that must not fail.
    """
    try:
        return dict(make(names))
    except Exception:
        if needed is not None:
            make([needed])  # Its failure is the run's.
        found: dict[str, Value] = {}
        for name in names:
            found |= attempt(f"{what} {name}", lambda name=name: make([name]), warnings) or {}  # type: ignore[misc]
        return found
