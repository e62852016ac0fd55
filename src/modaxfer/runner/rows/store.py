"""Ragged arrays on disk, memory-mapped."""

from __future__ import annotations

import errno
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import Example

__all__ = ["DESCRIPTION", "FORMAT", "ExampleStore", "Notes"]

FORMAT = 2
DESCRIPTION = "store.json"
TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
"""Another run was faster, though its entry may be gone again."""

Notes = Callable[[], Sequence[str]]
"""Says what was lost while rows were made."""


class ExampleStore(Sequence[Example]):
    """Rows of named arrays; rows may differ in shape. Reads pages on demand."""

    def __init__(self, arrays: dict[str, np.ndarray], shapes: dict[str, np.ndarray], notes: Sequence[str] = ()) -> None:
        self._arrays, self._shapes = arrays, shapes
        self.notes = tuple(notes)
        """What was lost while the rows were made, one line each; kept with them."""
        sizes = {key: shape.prod(axis=1) for key, shape in shapes.items()}
        self._starts = {key: np.concatenate([[0], np.cumsum(size)]) for key, size in sizes.items()}

    def __len__(self) -> int:
        return len(next(iter(self._shapes.values())))

    def __getitem__(self, row: Any) -> Any:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return {key: self._value(key, int(row)) for key in self._arrays}

    def _value(self, key: str, row: int) -> np.ndarray:
        start, stop = self._starts[key][row : row + 2]
        value: np.ndarray = self._arrays[key][start:stop].reshape(self._shapes[key][row])
        return value

    def whole(self, key: str) -> np.ndarray:
        """Return the array of `key` for all rows, ``[rows, ...]``; all rows must have one shape."""
        whole: np.ndarray = self._arrays[key].reshape(len(self), *self._shapes[key][0])
        return whole

    @classmethod
    def from_examples(cls, examples: Sequence[Example], notes: Sequence[str] = ()) -> ExampleStore:
        """Hold `examples` in memory."""
        keys = list(examples[0])
        arrays = {key: np.concatenate([np.ravel(example[key]) for example in examples]) for key in keys}
        shapes = {key: np.array([example[key].shape for example in examples], dtype=np.int64) for key in keys}
        return cls(arrays, shapes, notes)

    @classmethod
    def open(cls, folder: Path) -> ExampleStore:
        """Map the store in `folder`, copy-on-write: torch wants arrays it may write to, the files stay as they are."""
        stored = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        types = stored["types"]
        shapes = {key: np.load(folder / f"{key}.shapes.npy") for key in types}
        arrays = {
            key: np.memmap(folder / f"{key}.bin", dtype=dtype, mode="c")
            if shapes[key].prod(axis=1).sum()
            else np.zeros(0, dtype)
            for key, dtype in types.items()
        }
        return cls(arrays, shapes, stored["notes"])

    @classmethod
    def write(cls, folder: Path, chunks: Iterable[Sequence[Example]], notes: Notes = lambda: ()) -> ExampleStore:
        """Stream `chunks` of examples into `folder`, which appears whole or not at all, and map it.

        Args:
            folder: Where to; another process that writes the same entry may win, its rows are the same.
            chunks: Examples.
            notes: Called when all are written.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
            made = Path(scratch) / "entry"
            made.mkdir()
            _write_chunks(made, chunks, notes)
            store = cls.open(made)  # Mapped before it has its name: from then on other runs may remove it.
            try:
                made.replace(folder)
            except OSError as error:
                if error.errno not in TAKEN and not (folder / DESCRIPTION).is_file():
                    raise
        return store


def _write_chunks(folder: Path, chunks: Iterable[Sequence[Example]], notes: Notes) -> None:
    files: dict[str, Any] = {}
    shapes: dict[str, list[tuple[int, ...]]] = {}
    types: dict[str, str] = {}
    try:
        for chunk in chunks:
            for example in chunk:
                for key, value in example.items():
                    if key not in files:
                        files[key] = (folder / f"{key}.bin").open("wb")
                        shapes[key], types[key] = [], value.dtype.str
                    files[key].write(np.ascontiguousarray(value).data)
                    shapes[key].append(value.shape)
    finally:
        for file in files.values():
            file.close()
    for key, rows in shapes.items():
        np.save(folder / f"{key}.shapes.npy", np.array(rows, dtype=np.int64))
    described = {"format": FORMAT, "types": types, "notes": list(notes())}
    (folder / DESCRIPTION).write_text(json.dumps(described), encoding="utf-8")
