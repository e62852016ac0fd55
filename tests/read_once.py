"""Rows that many runs of a session are made of, read and cleaned once, as a sweep reads those that its cells share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modaxfer.spec import FolderSource
from modaxfer.tasks.memory import Memory


class OwnRows(Memory):
    """Keeps what was read of the folders that are named here, as long as no file in them changes."""

    def __init__(self) -> None:
        super().__init__()
        self.folders: list[Path] = []

    def kept(self, key: Any, make: Any, weigh: Any) -> Any:
        """Return what was made for an equal `key` of unchanged files; of other folders what `make` returns."""
        names = [source.name for source in key[1].spec.sources if isinstance(source, FolderSource)]
        folders = [folder for folder in self.folders for name in names if Path(name).is_relative_to(folder)]
        return super().kept((_stamps(*folders), key), make, weigh) if folders else make()


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    files = ((str(path), path.stat()) for path in folder.rglob("*"))
    return sorted((path, known.st_mtime_ns, known.st_size) for path, known in files)
