"""A job ends with whoever started it: one that lives on would hold its folder against the next attempt."""

from __future__ import annotations

import os
import signal
import threading
import time

__all__ = ["PARENT", "end_with_parent"]

PARENT = "MODAXFER_PARENT"
"""Names, to a job, the process that started it."""

PAUSE = 1.0
"""Seconds between two looks."""


def end_with_parent() -> None:
    """Let SIGTERM end this process when the one named in `PARENT` is gone; nothing where none is named."""
    named = os.environ.pop(PARENT, "")
    if named.isdecimal():
        threading.Thread(target=_watch, args=(int(named),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os.kill(os.getpid(), signal.SIGTERM)
