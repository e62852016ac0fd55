"""What many runs of a session are made of: rows read and cleaned once, as a sweep does it, and tiny checkpoints."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from typing import Any

import torch
from torch.nn.utils.parametrize import is_parametrized

from modaxfer.spec import FolderSource
from modaxfer.tasks.memory import Memory

SMALL = 4 << 20
"""Bytes of a checkpoint of which a copy is kept, at most `MOST` of them."""
MOST = 24

_MODELS: dict[tuple[Any, ...], tuple[Copied, list[str]]] = {}


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


class _Structure(pickle.Pickler):
    """Pickles a module and puts its tensors aside, each once."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.tensors: list[torch.Tensor] = []
        self._places: dict[int, int] = {}

    def persistent_id(self, item: Any) -> int | None:
        if not isinstance(item, torch.Tensor):
            return None
        if id(item) not in self._places:
            self._places[id(item)] = len(self.tensors)
            self.tensors.append(item)
        return self._places[id(item)]


class _Filled(pickle.Unpickler):
    """Makes a module of what `_Structure` wrote, with `tensors` of its own."""

    def __init__(self, file: io.BytesIO, tensors: list[torch.Tensor]) -> None:
        super().__init__(file)
        self._tensors = tensors

    def persistent_load(self, place: int) -> torch.Tensor:
        return self._tensors[place]


class Copied:
    """A module of which copies are made: to read what was pickled takes a fraction of `copy.deepcopy`.

    One with parametrised weights cannot be pickled, and is copied as ever.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        self._module, self._file = module, io.BytesIO()
        self._tensors: list[torch.Tensor] = []
        if not any(map(is_parametrized, module.modules())):
            pickler = _Structure(self._file)
            pickler.dump(module)
            self._tensors = pickler.tensors

    def __call__(self) -> Any:
        """Return one that shares nothing with what was read."""
        if not self._tensors:
            return copy.deepcopy(self._module)
        self._file.seek(0)
        return _Filled(self._file, [copy.deepcopy(tensor) for tensor in self._tensors]).load()


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
            made, missing = read(folder, config, model_class, **how)
        _MODELS[key] = Copied(made), missing
        while len(_MODELS) > MOST:
            del _MODELS[next(iter(_MODELS))]
    kept, missing = _MODELS[key]
    return kept(), [*missing]


def _stamps(folder: Path) -> list[tuple[str, int, int]]:
    files = ((str(path), path.stat()) for path in folder.rglob("*"))
    return sorted((path, known.st_mtime_ns, known.st_size) for path, known in files)
