"""Images and sounds of several folders: paths below one folder that holds them all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.data.media.values import encoded
from modaxfer.pretraining.reading import FIELD
from modaxfer.pretraining.sources import Source

__all__ = ["common_root", "placed"]


def common_root(roots: Iterable[Path | None]) -> Path | None:
    """Return the folder that all `roots` lie in; of one root that itself, of none None."""
    named = {root for root in roots if root is not None}
    if len(named) < 2:
        return next(iter(named), None)
    return Path(os.path.commonpath([os.path.realpath(root) for root in named]))


def placed(source: Source, root: Path | None) -> Source:
    """Return `source` with paths that are relative to `root`, which holds its own."""
    return source if source.root in (None, root) or root is None else _Placed(source, root)


class _Placed:
    def __init__(self, source: Source, root: Path) -> None:
        self.name, self.kind, self.root = source.name, source.kind, root
        self._source, self._own, self._top = source, source.root, os.path.realpath(root)

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each block."""
        return self._source.sizes

    def read(self, block: int) -> Sequence[Any]:
        """Return the values of a block's rows.

        Raises:
            DataError: A path leads nowhere, or out of the folder of its rows.
        """
        return [self._value(value) for value in self._source.read(block)]

    def _value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            key = FIELD if FIELD in value else "path"
            bare = key == FIELD or (not value.get("bytes") and value.get("path"))
            return {**value, key: self._value(value[key])} if bare else value
        if not isinstance(value, str):
            return value
        # Looked for below the folder of its own rows: the one of all holds more than was named.
        found = encoded(value, self._own)
        return found.data if found.path is None else os.path.relpath(found.path, self._top)
