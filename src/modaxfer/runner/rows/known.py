"""What was computed of rows before, looked up by what the rows hold: whichever run, split or fold they stood in."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from modaxfer.contracts import Example
from modaxfer.data.download import cache_folder
from modaxfer.runner.rows.cache import Tell, cache_key, cached_store, opened
from modaxfer.runner.rows.split import PickedRows
from modaxfer.runner.rows.store import ExampleStore

__all__ = ["Make", "Shelf"]

KIND = "features"
ROW = "row"
"""Key of an example that holds the key of its row, uint8 ``[16]``."""

Make = Callable[[np.ndarray], Iterable[Sequence[Example]]]
"""Computes the rows at these positions, in chunks."""


class Shelf:
    """Everything that is kept of one computation over rows, entry by entry; each holds the keys of its rows.

    Args:
        what: What is computed of a row.
        by: Everything else that decides what comes out, but for the row: weights, arithmetic, padding.
        tell: Called with what the user should know of the cache.
    """

    def __init__(self, what: Sequence[object], by: Sequence[object], tell: Tell = lambda text: None) -> None:
        self.space, self.by, self.tell = cache_key(*what, *by), cache_key(*by), tell

    def name(self, keys: np.ndarray) -> str:
        """Return the name of the entry that holds just the rows of `keys`, in this order."""
        return f"{self.space}.{self._these(keys)}"

    def is_kept_otherwise(self, keys: np.ndarray) -> bool:
        """Return whether something else was computed of just these rows by the same weights."""
        kept = (cache_folder() / KIND).glob(f"*.{self._these(keys)}")
        return any(folder.name != self.name(keys) for folder in kept)

    def _these(self, keys: np.ndarray) -> str:
        return hashlib.sha256(self.by.encode() + keys.tobytes()).hexdigest()[:24]

    def missing(self, keys: np.ndarray) -> np.ndarray:
        """Return positions in `keys` of rows of which nothing is kept; another run may remove more the next moment."""
        if (cache_folder() / KIND / self.name(keys)).is_dir():
            return np.zeros(0, np.int64)
        return _without(keys, self._places({key.tobytes() for key in keys}))

    def rows(self, keys: np.ndarray, make: Make) -> ExampleStore | PickedRows:
        """Return what is computed of the rows of `keys`, as far as it is kept from there, and keep the rest.

        Args:
            keys: What `modaxfer.runner.rows.content.row_keys` says of them.
            make: Computes those that are missing.
        """
        exact = opened(cache_folder() / KIND / self.name(keys), self.tell)
        if exact is not None:
            return exact.without(ROW)
        places, stores = self._open(keys)
        missing = _without(keys, places)
        if len(missing) == len(keys):
            return self._made(keys, missing, make)
        folders = [*stores]
        parts = [store.without(ROW) for store in stores.values()]
        starts = dict(zip(folders, np.cumsum([0, *map(len, parts)]), strict=False))
        found = {key: starts[folder] + row for key, (folder, row) in places.items()}
        picks = np.array([found.get(key.tobytes(), -1) for key in keys], np.int64)
        if len(missing):
            picks[missing] = sum(map(len, parts)) + np.arange(len(missing))
            parts.append(self._made(keys[missing], missing, make))
        return PickedRows(parts, picks)

    def _made(self, keys: np.ndarray, rows: np.ndarray, make: Make) -> ExampleStore:
        def keyed() -> Iterator[list[Example]]:
            waiting = iter(keys)
            for chunk in make(rows):
                yield [{**example, ROW: next(waiting)} for example in chunk]

        return cached_store(KIND, self.name(keys), True, keyed, tell=self.tell).without(ROW)

    def _open(self, keys: np.ndarray) -> tuple[dict[bytes, tuple[Path, int]], dict[Path, ExampleStore]]:
        """Return where the rows of `keys` lie, and the entries of those; one that is damaged or gone is left out."""
        lost: set[Path] = set()
        wanted = {key.tobytes() for key in keys}
        while True:
            places = self._places(wanted, lost)
            folders = dict.fromkeys(folder for folder, _ in places.values())
            stores = {folder: opened(folder, self.tell) for folder in folders}
            whole = {folder: store for folder, store in stores.items() if store is not None}
            if len(whole) == len(stores):
                return places, {**whole}
            lost |= stores.keys() - whole.keys()

    def _places(self, wanted: Collection[bytes], lost: Collection[Path] = ()) -> dict[bytes, tuple[Path, int]]:
        """Return entry and position of every row of `wanted` that is kept; entries in `lost` count as none."""
        found: dict[bytes, tuple[Path, int]] = {}
        for folder in sorted((cache_folder() / KIND).glob(f"{self.space}.*")):
            if folder in lost:
                continue
            try:
                keys = np.fromfile(folder / f"{ROW}.bin", np.uint8)
            except OSError:  # Another run has removed it.
                continue
            rows = ((keys[start : start + 16].tobytes(), start // 16) for start in range(0, len(keys), 16))
            found |= {key: (folder, row) for key, row in rows if key in wanted}
        return found


def _without(keys: np.ndarray, places: Mapping[bytes, object]) -> np.ndarray:
    return np.array([row for row, key in enumerate(keys) if key.tobytes() not in places], np.int64)
