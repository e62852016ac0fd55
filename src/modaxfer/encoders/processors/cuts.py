"""What preparation leaves unread, counted."""

from __future__ import annotations

__all__ = ["Cuts"]


class Cuts:
    """Counts the rows that were cut, and how much of all rows nobody read.

    Args:
        things: What rows are: ``texts``, ``sounds``.
        unit: What their length is measured in: ``tokens``, ``seconds``.
        limit: What a row is cut to, for people: ``512 tokens``.
        fix: What reads more; empty where nothing does.
    """

    def __init__(self, things: str, unit: str, limit: str, fix: str = "") -> None:
        self._things, self._unit, self._limit, self._fix = things, unit, limit, fix
        self._rows = self._cut = 0
        self._whole = self._lost = 0.0

    def count(self, whole: float, read: float) -> None:
        """Note one row of length `whole`, of which `read` was read."""
        self._rows += 1
        self._cut += read < whole
        self._whole += whole
        self._lost += max(0.0, whole - read)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for people where anything was lost."""
        if not self._cut:
            return ()
        share = 100 * self._lost / self._whole
        shown = f"{share:.2g}" if share < 10 else f"{share:.0f}"
        line = f"{self._cut:,} of {self._rows:,} {self._things} were cut to {self._limit}"
        return (f"{line}: {shown} % of all {self._unit} were not read" + (f" ({self._fix})" if self._fix else ""),)

    def emptied(self) -> Cuts:
        """Return another counter of the same, at zero."""
        return Cuts(self._things, self._unit, self._limit, self._fix)
