"""Rows that would not fit into memory are refused while they are read, not by the system that ends the program."""

from __future__ import annotations

from pathlib import Path

import psutil

from modaxfer.errors import DataError

__all__ = ["Room", "free_memory"]

_COPIES = 4
"""How often the bytes of a table are held at once while it is typed, cleaned and divided."""

_PER_ROW = 250
"""Bytes that a row takes beside its cells: id, label, digests, place."""

_SPARE = 1 << 30
"""What is never refused."""


class Room:
    """Counts what rows take while they are read.

    Args:
        file: Name of the file, for messages.
    """

    def __init__(self, file: str | Path) -> None:
        self._file = file
        self._free = max(free_memory(), _SPARE)
        self._rows = self._bytes = 0

    def take(self, rows: int, size: int) -> None:
        """Add `rows` of together `size` bytes.

        Raises:
            DataError: There is no room for them.
        """
        self._rows += rows
        self._bytes += size
        needed = _COPIES * self._bytes + _PER_ROW * self._rows
        if needed > self._free:
            raise DataError(
                "the rows do not fit into memory", file=self._file,
                got=f"{self._rows:,} rows need about {needed / 2**30:.1f} GiB, {self._free / 2**30:.1f} GiB are free",
                fix="train on a random part with --limit, which takes no more memory than that part",
            )  # fmt: skip


def free_memory() -> int:
    """Return the bytes that this process may still take, within the limit of its control group."""
    free = int(psutil.virtual_memory().available)
    try:
        most, used = (Path("/sys/fs/cgroup", name).read_text() for name in ("memory.max", "memory.current"))
        return min(free, int(most) - int(used))
    except (OSError, ValueError):  # There is no control group, or none with a limit.
        return free
