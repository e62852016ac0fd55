"""The run's folder: how it is named, whether its run has ended, and the config in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, to_yaml
from modaxfer.encoders.runs import whole_name
from modaxfer.registry import registry
from modaxfer.result import Result, write_atomically

__all__ = [
    "BEFORE",
    "CELL_ENDED",
    "CELL_LOG",
    "CELL_REQUEST",
    "FEATURE_MAP",
    "OUT_OF_FOLD",
    "TRIALS",
    "TRIALS_REQUEST",
    "absolute",
    "absolute_name",
    "default_folder",
    "default_folders",
    "has_result",
    "is_finished",
    "store_config",
    "task_folder",
]

CONFIG, RESULT = "config.yaml", "result.json"
CHECKPOINT = ".checkpoint"
VALIDATION = "validation.parquet"

FEATURE_MAP = "feature_map.json"
"""Shares of variance of two principal components of what the head is given, and where rows lie on them."""

OUT_OF_FOLD = "out_of_fold.parquet"
"""Every row of the folds with its prediction by the model that was not trained on it."""

TRIALS = "trials"
"""Trials of a search over the run's settings, each in a folder of its own."""
TRIALS_REQUEST = f"{TRIALS}/request.yaml"
"""What a run with a search was asked for: its config holds what was chosen."""
CELL_REQUEST, CELL_LOG, CELL_ENDED = "cell.yaml", "cell.log", "cell.json"
"""Of a cell that an engine runs: what it is asked for, what its processes said, what came of it."""
BEFORE = "before"
"""Runs that the run starts from, each in a folder of its own."""


def default_folder(config: RunConfig, *, resume: bool = False) -> Path:
    """Return ``runs/TASK-ENCODER-STRATEGY-SEED`` with all tasks and encoders, and a number behind where that is taken.

    An encoder that is a folder is called by its last part.
    """
    names = default_folders(config)
    if resume:
        return next(names)
    return next(folder for folder in names if not ((folder / CONFIG).exists() or (folder / RESULT).exists()))


def default_folders(config: RunConfig) -> Iterator[Path]:
    """Yield the names that a run may get, best first, taken or not."""
    tasks = config.task or (Path(config.data or "data").stem,)
    encoders = [Path(name).name if _is_path(name) else name for name in config.encoder]
    name = "-".join([*tasks, *encoders, config.strategy, str(config.seed)])
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    yield Path("runs") / stem
    yield from (Path("runs") / f"{stem}-{number}" for number in count(2))


def has_result(folder: Path) -> bool:
    """Return whether the run in `folder` has ended, well or not."""
    return (folder / RESULT).is_file()


def is_finished(folder: Path) -> bool:
    """Return whether the run in `folder` has its scores: one that failed is not finished."""
    return has_result(folder) and Result.load(folder).status == "completed"


def store_config(config: RunConfig, folder: Path) -> None:
    """Write ``config.yaml`` with everything resolved; paths are absolute there, so that it means the same anywhere."""
    write_atomically(folder / CONFIG, to_yaml(absolute(config)))


def absolute(config: RunConfig) -> RunConfig:
    """Return `config` with the paths of its data, weights and encoders made absolute, where they are paths."""
    given: dict[str, Any] = {
        name: _absolute(value)
        for name in ("data", "data_dir", "map_classes", "teacher", "cost")
        if (value := getattr(config, name)) is not None
    }
    if config.checkpoint is not None:
        given["checkpoint"] = absolute_name(config.checkpoint)
    return replace(config, **given, encoder=tuple(map(absolute_name, config.encoder)))


def absolute_name(name: str) -> str:
    """Return the name of an encoder or checkpoint, made absolute where it is the path of a folder, or of a run's."""
    return _absolute(name) if _is_folder(name) else whole_name(name) or name


def _absolute(path: str) -> str:
    """Return an absolute path without ``..``; a link at its end stays one, so that it may be pointed elsewhere."""
    whole = Path(path).expanduser().absolute()
    return str(whole.resolve() if whole.name == ".." else whole.parent.resolve() / whole.name)


def _is_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or _is_folder(name) or whole_name(name) is not None


def _is_folder(name: str) -> bool:
    """Return whether an encoder or checkpoint is called by its path: what is registered goes before a folder."""
    if not Path(name).expanduser().is_dir():
        return False
    known = {
        (kind, called)
        for kind in ("encoder", "checkpoint")
        for entry in registry().all(kind)
        for called in (entry.id, entry.name)
    }
    return ("checkpoint", name) not in known and ("encoder", name.partition(":")[0]) not in known


def task_folder(task_id: str) -> str:
    """Return the name of a task's folder inside a run of several."""
    return task_id.replace("/", "-")
