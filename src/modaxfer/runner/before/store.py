"""Runs that later runs start from, in the user's cache: found again by everything that decides what they learn.

A run is made in a folder that is called by its key with a dot before it, and gets its name when it is finished. One
that is killed meanwhile leaves a half-done run, which the next one that asks goes on with; one that asks while another
process makes it waits for that.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from modaxfer.data.download import cache_folder
from modaxfer.runner.claims.hold import LOCK, HeldError
from modaxfer.runner.folder import is_finished
from modaxfer.runner.rows.cache import RUNS

__all__ = ["Share", "Train", "kept_run", "link_run", "store_is_writable"]

T = TypeVar("T")

Share = Callable[[Callable[[], T]], T]
"""Calls a function in the main process and returns what it gave, in every process."""

Train = Callable[[Path], object]
"""Makes the run in a folder, or goes on with what lies there."""

POLL_S = 2.0
"""Seconds between two looks at a run that another process makes."""


def store_is_writable() -> bool:
    """Return whether runs can be kept; a cache that cannot be written is done without."""
    try:
        folder = cache_folder() / RUNS
        folder.mkdir(parents=True, exist_ok=True)
        return os.access(folder, os.W_OK)
    except OSError:
        return False


def kept_run(key: str, train: Train, share: Share[Path | bool], say: Callable[[str], object]) -> tuple[Path, bool]:
    """Return the folder of the finished run of `key`, and whether it was there before.

    Args:
        key: What `modaxfer.runner.rows.cache.cache_key` returned.
        train: Makes it where it is not there.
        share: Of the processes that make it together.
        say: Tells the user what is waited for.
    """
    whole = cache_folder() / RUNS / key
    working = whole.with_name(f".{key}")
    waited = False
    while not share(lambda: _is_whole(whole)):
        try:
            train(working)
        except HeldError as error:
            if error.folder != working:
                raise
            if not waited:
                say(f"another process trains it: waiting for {working}")
            waited = True
            time.sleep(POLL_S)
            continue
        share(lambda: _published(working, whole))
        return whole, waited
    with suppress(OSError):
        os.utime(whole)
    return whole, True


def link_run(kept: Path, place: Path) -> Path:
    """Put the finished run `kept` into `place`, whole: by links where the disk is the same, which take no room.

    Files of a finished run are replaced, never written into, so that the links stay equal to what they were.
    """
    scratch = place.with_name(f".{place.name}.tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(kept, scratch, copy_function=_link, ignore=shutil.ignore_patterns(LOCK))
    shutil.rmtree(place, ignore_errors=True)
    scratch.replace(place)
    return place


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _is_whole(folder: Path) -> bool:
    return folder.is_dir() and is_finished(folder)


def _published(working: Path, whole: Path) -> Path:
    # Another process that waited for this one may have been faster.
    with suppress(OSError):
        working.replace(whole)
    assert whole.is_dir(), "it was finished"
    return whole
