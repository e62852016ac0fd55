"""The user's cache of rows: prepared rows and frozen features are computed once and read ever after.

Several runs may use it at the same time. An entry appears whole or not at all; one that another run removes is
made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from modaxfer.contracts import Example
from modaxfer.data.download import cache_folder
from modaxfer.runner.rows.store import DESCRIPTION, FORMAT, ExampleStore, Notes

__all__ = ["cache_key", "cached_store", "stored_folder"]

LIMIT_GB = 20.0
"""Largest size of the cache (10^9 bytes); ``MODAXFER_CACHE_GB`` overrules it. The oldest entries go first."""

ABANDONED_S = 24 * 3600
"""Age at which a half-written entry belongs to a process that was killed."""


def cache_key(*parts: object) -> str:
    """Return a short hash of everything that decides an entry's content."""
    return hashlib.sha256(json.dumps([FORMAT, *map(str, parts)]).encode()).hexdigest()[:40]


def stored_folder(kind: str, key: str) -> Path:
    """Return the cache folder of an entry; it may not exist yet."""
    return cache_folder() / kind / key


def cached_store(
    kind: str, key: str, use_disk: bool, make: Callable[[], Iterable[Sequence[Example]]], notes: Notes = lambda: ()
) -> ExampleStore:
    """Return the store of `key`, from the cache if it is there, else made (and kept, where `use_disk`).

    Args:
        kind: Folder inside the cache.
        key: What `cache_key` returned.
        use_disk: Whether it may be read from disk and kept there.
        make: Yields the examples in chunks.
        notes: Called after `make` is exhausted: what was lost on the way, kept with the rows.
    """
    if not use_disk:
        examples = [example for chunk in make() for example in chunk]
        return ExampleStore.from_examples(examples, notes())
    folder = stored_folder(kind, key)
    if (folder / DESCRIPTION).is_file():
        try:
            os.utime(folder)
            return ExampleStore.open(folder)
        except FileNotFoundError:
            pass  # Another run has pruned it since the line above: it is made again.
    store = ExampleStore.write(folder, make(), notes)
    _prune(folder.parent.parent, keep=folder)
    return store


def _prune(cache: Path, keep: Path) -> None:
    """Delete the entries not used for longest until the cache is small enough; `keep` stays.

    What another run is writing is left alone, and what one removes meanwhile is no error.
    """
    limit = float(os.environ.get("MODAXFER_CACHE_GB", LIMIT_GB)) * 1e9
    found = list(_entries(cache))
    total = sum(size for _, _, size in found)
    for _, folder, size in sorted(found):
        if total <= limit:
            return
        if folder != keep:
            _remove(folder)
            total -= size


def _remove(folder: Path) -> None:
    """Take the entry away whole, so that no other run meets a part of it, and delete it then."""
    scratch = Path(tempfile.mkdtemp(prefix=".removed.", dir=folder.parent))
    with suppress(FileNotFoundError):
        folder.rename(scratch / folder.name)
    shutil.rmtree(scratch, ignore_errors=True)


def _entries(cache: Path) -> Iterator[tuple[float, Path, int]]:
    """Yield when each entry was used last (seconds since the epoch), its folder and its size (bytes)."""
    for folder in (folder for kind in ("prepared", "features") for folder in (cache / kind).glob("*")):
        try:
            used = folder.stat().st_mtime
            if folder.name.startswith(".") and time.time() - used < ABANDONED_S:
                continue
            yield used, folder, sum(path.stat().st_size for path in folder.rglob("*"))
        except FileNotFoundError:
            continue
