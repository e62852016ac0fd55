"""Sources of rows for a pretraining: they are read in blocks, of which a few at a time are in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from modaxfer.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["LINES", "ROWS", "Source", "TextFile", "Values", "refuse_few"]

BLOCK = 1 << 20
"""Bytes of a text file that are read together, up to the end of a line."""

ROWS = 1024
"""Rows of a table, or files of a folder, that make a block."""

FEWEST = 8
"""Rows of a source."""

LINES = (".txt", ".text")

SAYS_SOMETHING = re.compile(rb"^[^\S\n]*\S", re.MULTILINE)
"""A line with more than white space."""


class Source(Protocol):
    """Rows of one kind, numbered through."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def kind(self) -> str:
        """Signal kind of a row: ``text``, ``image`` or ``audio``."""
        ...

    @property
    def root(self) -> Path | None:
        """Folder that paths of images and sounds are relative to."""
        ...

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each block, int64 ``[blocks]``."""
        ...

    def read(self, block: int) -> Sequence[Any]:
        """Return the values of a block's rows."""
        ...


@dataclass
class Values:
    """Rows whose values, texts or paths or encoded bytes, are in memory or mapped from a file."""

    name: str
    kind: str
    values: Sequence[Any] | pa.ChunkedArray
    root: Path | None = None

    @cached_property
    def sizes(self) -> np.ndarray:
        """Rows of each block."""
        whole, rest = divmod(len(self.values), ROWS)
        return np.array([ROWS] * whole + [rest] * bool(rest), np.int64)

    def read(self, block: int) -> Sequence[Any]:
        """Return the values of a block's rows."""
        part: Any = self.values[block * ROWS : (block + 1) * ROWS]
        return list(part) if isinstance(part, list | tuple) else list(part.to_pylist())


class TextFile:
    """A text file of any size, one row a line; lines without letters are passed over.

    It is read once to find where blocks begin, which is what is kept of it.
    """

    kind = "text"
    root: Path | None = None

    def __init__(self, path: Path) -> None:
        self.name, self._path = str(path), path
        starts, sizes = [0], []
        with path.open("rb") as file:
            while chunk := file.read(BLOCK):
                rest = b"" if chunk.endswith(b"\n") else file.readline()
                sizes.append(len(SAYS_SOMETHING.findall(chunk + rest)))
                starts.append(file.tell())
        self._starts = np.array(starts, np.int64)
        self.sizes = np.array(sizes, np.int64)

    def read(self, block: int) -> Sequence[Any]:
        """Return the lines of a block."""
        with self._path.open("rb") as file:
            file.seek(self._starts[block])
            lines = file.read(int(self._starts[block + 1] - self._starts[block])).split(b"\n")
        return [line.decode("utf-8", "replace").strip() for line in lines if line.strip()]


def refuse_few(source: Source) -> None:
    """Refuse what has hardly any rows.

    Raises:
        DataError: It has too few.
    """
    if source.sizes.sum() < FEWEST:
        raise DataError(
            "there are too few rows to learn from", got=f"{int(source.sizes.sum())} in {source.name}",
            allowed=f"{FEWEST} or more", fix="name a file or folder with more",
        )  # fmt: skip
