"""One writer per folder: a lock that the system lets go of when its process dies, however that dies."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modaxfer.errors import OutputExistsError

__all__ = ["JOINED", "LOCK", "HeldError", "Hold", "hold", "is_held", "joining"]

LOCK = ".lock"
"""The lock's file; it goes when the lock does, and one that a dead process left is no obstacle."""

JOINED = "MODAXFER_HELD"
"""Names, to processes that a holder starts, the folder that they write into with it."""

UNLOCKABLE = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""File systems without locks: runs there are not kept apart."""

TRIES = 1000
"""How often a folder is made that others take away in that moment; one that can never be made is said after them."""


class HeldError(OutputExistsError):
    """Another process is writing into `folder`."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            "another process is writing into the output folder",
            got=f"{folder}, {holder}",
            fix="wait for it to end, end it, or choose another --output",
        )
        self.folder, self._holder = folder, holder

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how another process makes it again, to which it is handed on."""
        return HeldError, (self.folder, self._holder)


@dataclass
class Hold:
    """A folder that nobody else writes into."""

    folder: Path
    descriptor: int | None
    """Open file that carries the lock; None where another process of ours holds it, or the file system has no locks."""
    made: list[Path] = field(default_factory=list)
    """Folders that were made for it, innermost first; they go again if nothing is put into them."""
    replaces: bool = False
    """Whether the run in it is to be replaced."""


_HELD: ContextVar[Mapping[Path, Hold]] = ContextVar("held", default=MappingProxyType({}))
"""Folders that this thread holds: what it starts inside, such as other seeds of a run, joins it."""


@contextmanager
def hold(folder: Path) -> Iterator[tuple[Hold, bool]]:
    """Hold `folder`, which is made if it is not there; yields the hold, and whether it was held by us already.

    A folder that was made for the hold and is still empty at the end is removed again.

    Raises:
        HeldError: Another process is writing into it; says which.
        OutputExistsError: It cannot be written.
    """
    place = folder.resolve()
    held = _HELD.get()
    if place in held:
        yield held[place], True
        return
    if os.environ.get(JOINED) == str(place):
        yield Hold(folder, None), True
        return
    taken = _take(folder)
    token = _HELD.set({**held, place: taken})
    try:
        yield taken, False
    finally:
        _HELD.reset(token)
        _let_go(taken)


def joining(folder: Path) -> tuple[dict[str, str], tuple[int, ...]]:
    """Return what lets processes started by us write into a folder that we hold.

    Returns:
        Variables for their environment, and open files to hand on: the lock then stands until they have ended too.
    """
    found = _HELD.get().get(folder.resolve())
    files = () if found is None or found.descriptor is None else (found.descriptor,)
    return {JOINED: str(folder.resolve())}, files


def is_held(folder: Path) -> bool:
    """Return whether a process is writing into `folder`; what a dead one left of its lock does not count."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _take(folder: Path) -> Hold:
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        descriptor = _locked(folder)
    except HeldError:
        raise
    except OSError as error:
        _remove_empty(made)
        raise OutputExistsError(
            "the output folder cannot be written",
            got=f"{folder} ({_reason(error)})",
            fix="choose another --output, on a disk that is not full and may be written to",
        ) from error
    return Hold(folder, descriptor, made)


def _reason(error: OSError) -> str:
    return "a file has this name" if isinstance(error, FileExistsError) else error.strerror or str(error)


def _locked(folder: Path) -> int | None:
    path = folder / LOCK
    for left in reversed(range(TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # Whoever held it before has just taken the folder away with the lock.
            if left:
                continue
            raise
        try:
            locked = _lock(descriptor, folder)
            if _is_same(descriptor, path):
                _sign(descriptor, path)
                return _kept(descriptor, locked)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
    raise FileNotFoundError(errno.ENOENT, "its folder is taken away again and again", str(path))


def _lock(descriptor: int, folder: Path) -> bool:
    """Lock an open file; False where the file system knows no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise HeldError(folder, _signed(descriptor)) from None
    except OSError as error:
        if error.errno not in UNLOCKABLE:
            raise
        return False
    return True


def _kept(descriptor: int, locked: bool) -> int | None:
    if locked:
        return descriptor
    os.close(descriptor)
    return None


def _is_same(descriptor: int, path: Path) -> bool:
    """Return whether the open file still is the one of that name: its holder before us may have removed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _sign(descriptor: int, path: Path) -> None:
    """Write who we are into the file that we have locked; that it can be written is found out here."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    signed = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(signed) + "\n").encode(), 0)
    except OSError:
        path.unlink()
        raise


def _signed(descriptor: int) -> str:
    try:
        signed: dict[str, Any] = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {int(signed['pid'])} on {signed['host']!s:.80} since {signed['since']!s:.40}"
    except (ValueError, TypeError, KeyError):
        return "a process that has only just begun"


def _let_go(taken: Hold) -> None:
    # Removed while it is locked: whoever opens it now finds, with the lock, that it has lost its name.
    with suppress(OSError):
        (taken.folder / LOCK).unlink()
    if taken.descriptor is not None:
        os.close(taken.descriptor)
    _remove_empty(taken.made)


def _remove_empty(folders: list[Path]) -> None:
    for place in folders:
        try:
            place.rmdir()
        except OSError:
            return
