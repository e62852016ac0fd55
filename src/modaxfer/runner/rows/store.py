"""Ragged arrays on disk, memory-mapped; each file is checked against its checksum before it is believed."""

from __future__ import annotations

import errno
import io
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from modaxfer.contracts import Example

__all__ = ["DESCRIPTION", "FORMAT", "DamagedError", "ExampleStore", "Notes", "UnwritableError", "digest"]

FORMAT = 3
DESCRIPTION = "store.json"
TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
"""Another run was faster, though its entry may be gone again."""

BLOCK = 1 << 22
"""Bytes read at once."""

Notes = Callable[[], Sequence[str]]
"""Says what was lost while rows were made."""


class DamagedError(Exception):
    """A file is not what was written; the message says in what way. Never leaves this room."""


class UnwritableError(Exception):
    """A store cannot be written here; its cause is the system's error. Never leaves this room."""


_CHECKED: set[tuple[str, int, int, int]] = set()
"""Files whose content this process has compared with its checksum, by path, inode, size and time of change."""


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

    def without(self, key: str) -> ExampleStore:
        """Return the same rows without the array of `key`."""
        arrays = {name: array for name, array in self._arrays.items() if name != key}
        return ExampleStore(arrays, {name: self._shapes[name] for name in arrays}, self.notes)

    @classmethod
    def from_examples(cls, examples: Sequence[Example], notes: Sequence[str] = ()) -> ExampleStore:
        """Hold `examples` in memory."""
        keys = list(examples[0])
        arrays = {key: np.concatenate([np.ravel(example[key]) for example in examples]) for key in keys}
        shapes = {key: np.array([example[key].shape for example in examples], dtype=np.int64) for key in keys}
        return cls(arrays, shapes, notes)

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> ExampleStore:
        """Hold rows of equal shape, ``[rows, ...]``, in memory; nothing is copied."""
        shapes = {key: np.full((len(array), array.ndim - 1), array.shape[1:]) for key, array in arrays.items()}
        return cls({key: array.reshape(-1) for key, array in arrays.items()}, shapes)

    @classmethod
    def open(cls, folder: Path) -> ExampleStore:
        """Map the store in `folder`, copy-on-write: torch wants arrays it may write to, the files stay as they are.

        Raises:
            DamagedError: A file is not as it was written.
            OSError: A file is not there, or cannot be read.
        """
        stored = _described(folder)
        for name, (size, told) in stored["files"].items():
            _check(folder / name, size, told)
        return cls._mapped(folder, stored)

    @classmethod
    def _mapped(cls, folder: Path, stored: Mapping[str, Any]) -> ExampleStore:
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

        Raises:
            UnwritableError: The disk is full, or must not be written to.
        """
        with ExitStack() as scratches:
            with _writing():
                folder.parent.mkdir(parents=True, exist_ok=True)
                scratch = tempfile.TemporaryDirectory(
                    prefix=f".{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True
                )
                made = Path(scratches.enter_context(scratch)) / "entry"
                made.mkdir()
            stored = _write_chunks(made, chunks, notes)
            store = cls._mapped(made, stored)  # Before it has its name: from then on other runs may remove it.
            try:
                made.replace(folder)
            except OSError as error:
                if error.errno not in TAKEN and not (folder / DESCRIPTION).is_file():
                    raise UnwritableError from error
        return store


def digest(content: bytes) -> str:
    """Return the checksum of a file's content."""
    return xxhash.xxh3_128_hexdigest(content)


def _described(folder: Path) -> dict[str, Any]:
    """Return what ``store.json`` says, once it is known to be whole."""
    try:
        stored = json.loads((folder / DESCRIPTION).read_bytes())
        told = stored.pop("digest")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise DamagedError(f"{DESCRIPTION} cannot be read") from None
    if told != digest(_packed(stored)):
        raise DamagedError(f"{DESCRIPTION} is not as it was written")
    return dict(stored)


def _check(path: Path, size: int, told: str) -> None:
    """Compare a file with its checksum, once in this process."""
    found = path.stat()
    known = (str(path), found.st_ino, found.st_size, found.st_mtime_ns)
    if known in _CHECKED:
        return
    if found.st_size != size:
        raise DamagedError(f"{path.name} has {found.st_size} of {size} bytes")
    sum_ = xxhash.xxh3_128()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            sum_.update(block)
    if sum_.hexdigest() != told:
        raise DamagedError(f"the checksum of {path.name} is wrong")
    _CHECKED.add(known)


def _write_chunks(folder: Path, chunks: Iterable[Sequence[Example]], notes: Notes) -> dict[str, Any]:
    files: dict[str, _Summed] = {}
    shapes: dict[str, list[tuple[int, ...]]] = {}
    types: dict[str, str] = {}
    try:
        for chunk in chunks:
            with _writing():
                for example in chunk:
                    for key, value in example.items():
                        if key not in files:
                            files[key] = _Summed(folder / f"{key}.bin")
                            shapes[key], types[key] = [], value.dtype.str
                        files[key].write(np.ascontiguousarray(value).data)
                        shapes[key].append(value.shape)
    finally:
        with _writing():
            sums = [file.close() for file in files.values()]
    with _writing():
        for key, rows in shapes.items():
            packed = io.BytesIO()
            np.save(packed, np.array(rows, dtype=np.int64))
            file = _Summed(folder / f"{key}.shapes.npy")
            file.write(packed.getbuffer())
            sums.append(file.close())
        described = {"format": FORMAT, "types": types, "notes": list(notes()), "files": dict(sums)}
        whole = {**described, "digest": digest(_packed(described))}
        (folder / DESCRIPTION).write_text(json.dumps(whole), encoding="utf-8")
    return described


class _Summed:
    """A file that is summed as it is written."""

    def __init__(self, path: Path) -> None:
        self._path, self._file, self._sum, self._size = path, path.open("wb"), xxhash.xxh3_128(), 0

    def write(self, content: memoryview) -> None:
        content = content.cast("B") if content.nbytes else memoryview(b"")
        self._file.write(content)
        self._sum.update(content)
        self._size += content.nbytes

    def close(self) -> tuple[str, tuple[int, str]]:
        """Return name, size and checksum."""
        self._file.close()
        return self._path.name, (self._size, self._sum.hexdigest())


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwritableError from error


def _packed(stored: Mapping[str, Any]) -> bytes:
    return json.dumps(stored, sort_keys=True).encode()
