"""How long something took by itself: a clock that stands still while others have the processor."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["undisturbed"]

_SCHEDULED = Path("/proc/thread-self/schedstat")
"""Linux: nanoseconds that this thread ran, and that it was ready to run and had to wait."""


def undisturbed() -> float:
    """Return milliseconds from a fixed moment, less those that this thread has waited for a processor.

    Sleeping, and waiting for disks and networks, count; where the system does not tell what waiting was, all counts.
    """
    passed = time.perf_counter() * 1e3
    try:
        return passed - int(_SCHEDULED.read_text().split()[1]) / 1e6
    except (OSError, ValueError, IndexError):
        return passed
