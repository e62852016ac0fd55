"""What many runs of a session are made of: rows read and cleaned once, as a sweep does it, and tiny checkpoints."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import torch

from modaxfer.spec import FolderSource
from modaxfer.tasks.memory import Memory

SMALL = 4 << 20
"""Bytes of a checkpoint of which a copy is kept, at most `MOST` of them."""
MOST = 24

_MODELS: dict[tuple[Any, ...], tuple[Any, list[str]]] = {}


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


def model(read: Any, folder: Path, config: Any, model_class: Any, **how: Any) -> tuple[Any, list[str]]:
    """Return what `read` returns, a copy of what it returned before where files, config and words are the same.

    No number is drawn: weights that a checkpoint lacks, and that mean nothing, are the same each time.
    """
    files = _stamps(Path(folder))
    if sum(size for *_, size in files) > SMALL:
        return read(folder, config, model_class, **how)
    key = (str(folder), *files, pickle.dumps(config), model_class, repr(how))
    if key not in _MODELS:
        with torch.random.fork_rng(devices=()):
            _MODELS[key] = read(folder, config, model_class, **how)
        while len(_MODELS) > MOST:
            del _MODELS[next(iter(_MODELS))]
    made, missing = _MODELS[key]
    return copy.deepcopy(made), [*missing]


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    files = ((str(path), path.stat()) for path in folder.rglob("*"))
    return sorted((path, known.st_mtime_ns, known.st_size) for path, known in files)
