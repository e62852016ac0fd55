"""The user's cache of rows: prepared rows and frozen features are computed once and read ever after.

Several runs may use it at the same time. An entry appears whole or not at all; one that another run removes, or whose
files are not as they were written, is made again. A cache that cannot be written is done without: it is a help.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from modaxfer.contracts import Example
from modaxfer.data.download import cache_folder
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import is_held
from modaxfer.runner.rows.store import FORMAT, DamagedError, ExampleStore, Notes, UnwritableError, digest

__all__ = ["RUNS", "Tell", "cache_key", "cache_limit", "cached_state", "cached_store", "opened"]

LIMIT_GB = 20.0
"""Largest size of the cache (10^9 bytes); ``MODAXFER_CACHE_GB`` overrules it. The oldest entries go first."""

Tell = Callable[[str], object]
"""Takes a line that the user should read."""

RUNS = "runs"
"""Folder of runs that others start from; see `modaxfer.runner.before.store`."""

KINDS = ("prepared", "features", "bridges", "baselines", RUNS)
"""Folders of entries."""

ABANDONED_S = 24 * 3600
"""Age at which a half-written entry belongs to a process that was killed."""

_ROOM: dict[tuple[Path, float], float] = {}
"""Bytes that a cache with a limit can take before it is measured again."""


def cache_key(*parts: object) -> str:
    """Return a short hash of everything that decides an entry's content."""
    return hashlib.sha256(json.dumps([FORMAT, *map(str, parts)]).encode()).hexdigest()[:40]


def cached_store(
    kind: str,
    key: str,
    use_disk: bool,
    make: Callable[[], Iterable[Sequence[Example]]],
    notes: Notes = lambda: (),
    tell: Tell = lambda text: None,
) -> ExampleStore:
    """Return the store of `key`, from the cache if it is there, else made (and kept, where `use_disk`).

    Args:
        kind: Folder inside the cache.
        key: What `cache_key` returned.
        use_disk: Whether it may be read from disk and kept there.
        make: Yields the examples in chunks; called a second time where the first ones could not be kept.
        notes: Called after `make` is exhausted: what was lost on the way, kept with the rows.
        tell: Called with what the user should know: an entry was damaged, or cannot be kept.
    """
    if use_disk:
        folder = cache_folder() / kind / key
        found = opened(folder, tell)
        if found is not None:
            return found
        try:
            store = ExampleStore.write(folder, make(), notes)
        except UnwritableError as error:
            tell(_unwritable(error.__cause__))
        else:
            with suppress(OSError):
                _make_room(folder.parent.parent, written=folder)
            return store
    examples = [example for chunk in make() for example in chunk]
    return ExampleStore.from_examples(examples, notes())


def cached_state(kind: str, key: str, make: Callable[[], Mapping[str, Any]], tell: Tell) -> dict[str, Any]:
    """Return the JSON values of `key`, from the cache if they are there and whole, else made and kept.

    Args:
        kind: Folder inside the cache.
        key: What `cache_key` returned.
        make: Returns them.
        tell: Called with what the user should know.
    """
    path = cache_folder() / kind / f"{key}.json"
    try:
        with suppress(OSError):
            os.utime(path)
        stored = json.loads(path.read_bytes())
        if stored["digest"] == digest(json.dumps(stored["state"]).encode()):
            return dict(stored["state"])
        tell(_damaged(path, "its checksum is wrong"))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        tell(_damaged(path, f"{type(error).__name__}: {error}"))
    state = json.dumps(make())
    try:
        write_atomically(path, f'{{"digest": "{digest(state.encode())}", "state": {state}}}')
    except OSError as error:
        tell(_unwritable(error))
    return dict(json.loads(state))


def opened(folder: Path, tell: Tell) -> ExampleStore | None:
    """Open the entry in `folder`; None where there is none, or it was damaged, which is told: it is dropped then."""
    try:
        with suppress(OSError):  # A cache that is only read cannot say when it was used.
            os.utime(folder)
        return ExampleStore.open(folder)
    except (DamagedError, OSError, ValueError, KeyError, TypeError) as error:
        if folder.exists():  # Else there was none, or another run has pruned it.
            tell(_damaged(folder, str(error)))
            with suppress(OSError):
                _remove(folder)
    return None


def _damaged(place: Path, how: str) -> str:
    return f"an entry of the cache was damaged ({how}); it was dropped and made again: {place}"


def _unwritable(error: BaseException | None) -> str:
    why = error.strerror if isinstance(error, OSError) else error
    return (
        f"the cache {cache_folder()} cannot be written ({why}): this run goes on without it; "
        "MODAXFER_CACHE names another"
    )


def _make_room(cache: Path, written: Path) -> None:
    """Prune the cache where what this process wrote since it was measured, the last entry too, may have filled it.

    To measure is to look at every file, which would take longer than to write an entry. Half of what is left is not
    counted on: other runs write as well.
    """
    limit = cache_limit()
    left = _ROOM.get((cache, limit), 0.0) - sum(path.stat().st_size for path in written.iterdir())
    _ROOM[cache, limit] = left if left > 0 else (limit - _prune(cache, keep=written)) / 2


def _prune(cache: Path, keep: Path) -> float:
    """Delete the entries not used for longest until the cache is small enough, and return its bytes; `keep` stays.

    What another run is writing is left alone, and what one removes meanwhile is no error.
    """
    limit = cache_limit()
    found = list(_entries(cache))
    total = sum(size for _, _, size in found)
    for _, folder, size in sorted(found):
        if total <= limit:
            break
        if folder != keep:
            _remove(folder)
            total -= size
    return total


def cache_limit() -> float:
    """Return the largest size of the cache (bytes)."""
    return float(os.environ.get("MODAXFER_CACHE_GB", LIMIT_GB)) * 1e9


def _remove(folder: Path) -> None:
    """Take the entry away whole, so that no other run meets a part of it, and delete it then."""
    scratch = Path(tempfile.mkdtemp(prefix=".removed.", dir=folder.parent))
    with suppress(FileNotFoundError):
        folder.rename(scratch / folder.name)
    shutil.rmtree(scratch, ignore_errors=True)


def _entries(cache: Path) -> Iterator[tuple[float, Path, int]]:
    """Yield when each entry was used last (seconds since the epoch), its folder or file and its size (bytes)."""
    for entry in (entry for kind in KINDS for entry in (cache / kind).glob("*")):
        try:
            used = entry.stat().st_mtime
            if entry.is_dir() and is_held(entry):
                continue
            if entry.name.startswith(".") and time.time() - used < ABANDONED_S:
                continue
            files = entry.rglob("*") if entry.is_dir() else (entry,)
            yield used, entry, sum(path.stat().st_size for path in files)
        except FileNotFoundError:
            continue
