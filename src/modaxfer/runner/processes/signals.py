"""SIGINT and SIGTERM: work stops where it can be resumed, and the second signal ends the process at once."""

from __future__ import annotations

import os
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from modaxfer.runner.processes.launch import launched_world

__all__ = ["StoppedError", "heeded", "pending", "shielded", "telling"]

HEEDED = (signal.SIGINT, signal.SIGTERM)


class StoppedError(KeyboardInterrupt):
    """Signal `number` has asked the program to end."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.command: str | None = None
        """Resumes what was interrupted; None where there is nothing to resume yet."""
        super().__init__()

    def __str__(self) -> str:
        stopped = f"stopped by {signal.Signals(self.number).name}"
        return stopped if self.command is None else f"{stopped}; `{self.command}` goes on from there"


@dataclass
class _State:
    active: bool = False
    asked: int = 0
    raised: bool = False
    shields: int = 0
    command: str | None = None
    """Resumes what an error has ended, for a signal that comes while it is on its way out."""


_STATE = _State()


@contextmanager
def heeded() -> Iterator[None]:
    """Let the first signal raise `StoppedError`, at the end of a `shielded` stretch if it comes within one.

    In threads, and where it is in force already, nothing changes; a signal that is ignored stays so.
    """
    if _STATE.active or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in HEEDED}
    taken = {number: kept for number, kept in before.items() if kept not in (signal.SIG_IGN, None)}
    for number in taken:
        signal.signal(number, _heed)
    _STATE.active, _STATE.asked, _STATE.raised, _STATE.shields, _STATE.command = True, 0, False, 0, None
    try:
        yield
    finally:
        _STATE.active = False
        for number, handler in taken.items():
            signal.signal(number, handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold a signal back until the end of a stretch that must not be left half done; it goes before any error."""
    _STATE.shields += 1
    try:
        yield
    except Exception as error:
        _STATE.shields -= 1
        if pending():
            _raise(error)
        raise
    except BaseException:
        _STATE.shields -= 1
        raise
    else:
        _STATE.shields -= 1
        if pending():
            _raise(None)


def pending() -> int:
    """Return the number of the signal that waits for the end of a shielded stretch; 0 where none does."""
    return 0 if _STATE.raised or not _STATE.active else _STATE.asked


@contextmanager
def telling(command: str, output: Path, *, begun: str) -> Iterator[None]:
    """Tell whoever interrupts what is done inside how it is resumed, if ``output/begun`` is there by then.

    Libraries that are interrupted while they wait, such as Ray, raise an error of Python's in place of ours.
    """
    again = f"{command} --resume --output {shlex.quote(str(output))}"
    try:
        yield
    except KeyboardInterrupt as error:
        stop = error if isinstance(error, StoppedError) else StoppedError(_STATE.asked or signal.SIGINT)
        if (output / begun).is_file():
            stop.command = again
        if stop is error:
            raise
        raise stop from error
    except Exception:
        # Of processes that share a run the launcher ends all that one has left, on their way out too.
        _STATE.command = again if (output / begun).is_file() else None
        raise


def _raise(cause: BaseException | None) -> None:
    if _STATE.shields == 0:
        _STATE.raised = True
        stop = StoppedError(_STATE.asked)
        stop.command = _STATE.command
        raise stop from cause


def _heed(number: int, frame: FrameType | None) -> None:
    if _STATE.asked:
        # A launcher repeats to its processes what it was told itself, and ends those that do not heed it.
        if launched_world() is None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        return
    _STATE.asked = number
    _raise(None)
