"""compare.jsonl: cells that have ended since compare.json was last written whole, one line each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["append", "clear", "is_there", "read"]

FILE = "compare.jsonl"


def append(folder: Path, entry: Mapping[str, Any]) -> None:
    """Add `entry` to the journal in `folder`, handed to the system when this returns: a kill of the process keeps it.

    Args:
        folder: The comparison's.
        entry: Plain JSON.
    """
    with (folder / FILE).open("ab") as file:
        file.write(json.dumps(entry, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def is_there(folder: Path) -> bool:
    """Tell whether there is a journal, be it of a broken line alone."""
    return (folder / FILE).is_file()


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the entries in their order; a last line that was broken off in the middle is none."""
    if not is_there(folder):
        return []
    lines = (folder / FILE).read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]


def clear(folder: Path) -> None:
    """Remove the journal: compare.json holds what it held."""
    (folder / FILE).unlink(missing_ok=True)
