"""A disk that is full says so in one message that names the disk and what would help."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modaxfer.data.download import cache_folder
from modaxfer.errors import RunFailedError

__all__ = ["is_full", "space_told"]

TOLD = ("No space left on device", "Disk quota exceeded")
"""How libraries word it that hand on no error number."""


@contextmanager
def space_told(folder: Path) -> Iterator[None]:
    """Turn the error of a full disk, met while `folder` is written, into one that says what to do.

    Raises:
        RunFailedError: The disk is full.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, RunFailedError) or not is_full(error):
            raise
        raise RunFailedError(
            f"there is no space left to write into {folder}",
            got=f"{_free(folder)} free there, {_free(cache_folder())} in the cache {cache_folder()}",
            fix="make room and take it up again with --resume, or choose another --output; the variable MODAXFER_CACHE "
            "puts the cache on another disk",
        ) from error


def is_full(error: BaseException) -> bool:
    """Return whether a full disk is behind `error`."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError) and found.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(told in str(found) for told in TOLD):
            return True
        found = found.__cause__
    return False


def _free(folder: Path) -> str:
    place = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        return f"{shutil.disk_usage(place).free / 1e6:,.1f} MB"
    except OSError:
        return "unknown"
