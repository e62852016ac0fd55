"""Names joined for people, in pages and terminals."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["listed", "some"]

FEW_NAMED = 4
"""So many things of a kind are named in a line; the others are counted."""


def listed(names: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``; empty without any."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def some(names: Sequence[str]) -> str:
    """Return the first of `names` and how many more there are: ``a, b, c, d and 3 more``."""
    more = len(names) - FEW_NAMED
    return ", ".join(names[:FEW_NAMED]) + (f" and {more} more" if more > 0 else "")
