"""What a source is now: the same state means the same rows, so that nobody reads them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from modaxfer.data.tables.files import is_data, refuse_whole
from modaxfer.errors import DataError

__all__ = ["digest_of", "files_state"]


def digest_of(*parts: object) -> str:
    """Return 16 hex digits of JSON values."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def files_state(path: Path) -> str:
    """Return a digest of the names, sizes and times of all data files in `path`.

    Raises:
        DataError: There are none, or one of a kind that cannot be read as a stream.
    """
    files = sorted(_files(path))
    if not files:
        raise DataError(
            "nothing here that can be read as a stream", file=path, allowed="csv, tsv, jsonl, json, parquet",
            fix="leave --stream out: of images or sounds in folders only the names are read, and --limit draws of these"
            if path.is_dir()
            else "check the path",
        )  # fmt: skip
    for file in files:
        refuse_whole(file)
    stats = [(file, file.stat()) for file in files]
    return digest_of([(str(file.relative_to(path.parent)), one.st_size, one.st_mtime_ns) for file, one in stats])


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield from [path] if path.exists() and is_data(path) else []
        return
    for inner in path.iterdir():
        if not inner.name.startswith((".", "_", "~")):
            yield from _files(inner) if inner.is_dir() else ([inner] if is_data(inner) else [])
