"""The run's folder: where it is, and that nobody's run is overwritten."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modaxfer.config import RunConfig, build, read_yaml, refuse_code_by_file, to_yaml
from modaxfer.errors import ConfigError, DataError, OutputExistsError
from modaxfer.result import Result, write_atomically
from modaxfer.runner.cells.options import flatten

__all__ = ["claim", "default_folder", "has_result", "is_finished", "refuse_other_rows", "store_config", "store_rows"]

CONFIG, RESULT = "config.yaml", "result.json"
CHECKPOINT, ROWS = ".checkpoint", "rows.json"

LEFT_OPEN = {"precision": "auto"}
"""Settings that a run makes definite before it stores them: who asks for this asks for what was stored."""

ELSEWHERE = ("device", "num_processes")
"""Settings that a run may be taken up with anew."""

UNASKED = RunConfig()
"""What a request looks like that asks for nothing."""


def claim(config: RunConfig, *, resume: bool) -> tuple[RunConfig, Path]:
    """Return the config with its output folder named, and that folder, free for a run or holding one to resume.

    Raises:
        OutputExistsError: The folder already holds a run, and it is not to be resumed.
        ConfigError: There is nothing to resume, or the run there was started with another config.
    """
    folder = Path(config.output) if config.output else default_folder(config, resume=resume)
    config = replace(config, output=str(folder))
    if resume:
        return _resumed(config, folder), folder
    if has_result(folder) or (folder / CONFIG).exists():
        finished = is_finished(folder)
        state = "a finished run" if finished else "a run that failed" if has_result(folder) else "an unfinished run"
        raise OutputExistsError(
            f"the output folder already holds {state}",
            got=folder,
            fix="choose another --output" + ("" if finished else ", or take the run up again with --resume"),
        )
    if folder.exists() and not folder.is_dir():
        raise OutputExistsError("the output is not a folder", got=folder, fix="choose another --output")
    return config, folder


def default_folder(config: RunConfig, *, resume: bool = False) -> Path:
    """Return ``runs/TASK-ENCODER-STRATEGY-SEED`` with all tasks and encoders, and a number behind where that is taken.

    An encoder that is a folder is called by its last part.
    """
    tasks = config.task or (Path(config.data or "data").stem,)
    encoders = [Path(name).name if name.startswith((".", "/", "~")) else name for name in config.encoder]
    name = "-".join([*tasks, *encoders, config.strategy, str(config.seed)])
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    folder, number = Path("runs") / stem, 1
    while not resume and ((folder / CONFIG).exists() or (folder / RESULT).exists()):
        number += 1
        folder = Path("runs") / f"{stem}-{number}"
    return folder


def has_result(folder: Path) -> bool:
    """Return whether the run in `folder` has ended, well or not."""
    return (folder / RESULT).is_file()


def is_finished(folder: Path) -> bool:
    """Return whether the run in `folder` has its scores: one that failed is not finished."""
    return has_result(folder) and Result.load(folder).status == "completed"


def store_config(config: RunConfig, folder: Path) -> None:
    """Write ``config.yaml`` with everything resolved."""
    write_atomically(folder / CONFIG, to_yaml(config))


def store_rows(fingerprints: Sequence[str], folder: Path) -> None:
    """Note beside the checkpoints which rows they were trained on; it goes with them."""
    write_atomically(folder / CHECKPOINT / ROWS, json.dumps(list(fingerprints)))


def refuse_other_rows(fingerprints: Sequence[str], folder: Path) -> None:
    """Refuse to go on with other rows than the run was started with: some of its training rows may be in test now.

    Raises:
        DataError: They changed.
    """
    path = folder / CHECKPOINT / ROWS
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != list(fingerprints):
        raise DataError(
            "the data changed since the run was started",
            file=folder,
            fix="bring the old rows back, or train anew in another --output",
        )


def _resumed(config: RunConfig, folder: Path) -> RunConfig:
    path = folder / CONFIG
    if not path.is_file():
        raise ConfigError(
            "there is no run to resume", got=folder, fix="leave --resume out, or name the run's folder with --output"
        )
    stored = replace(build(RunConfig, read_yaml(path)), output=str(folder))
    refuse_code_by_file(stored.trust_remote_code, path, asked=config.trust_remote_code)
    # Where it goes on may be chosen anew; whoever says nothing gets what was stored.
    elsewhere = {name: getattr(config, name) for name in ELSEWHERE if getattr(config, name) != getattr(UNASKED, name)}
    stored = replace(stored, **elsewhere)
    asked, kept = vars(config), vars(stored)
    # Whoever names no encoder, strategy or rows gives the folder alone: what is left at its default was not asked for.
    alone = not config.encoder and not config.strategy and not config.task and config.data is None
    free = {name for name, value in asked.items() if alone and value == getattr(UNASKED, name)}
    free |= {"set", "output", *ELSEWHERE}
    different = [
        name for name in asked if name not in free and asked[name] not in (kept[name], LEFT_OPEN.get(name, kept[name]))
    ]
    different += [key for key, value in flatten(config.set).items() if not _same_option(key, value, stored)]
    if different:
        raise ConfigError(
            "the run to resume was started with other settings",
            got=different,
            fix=f"`modaxfer train --resume --output {folder}` alone takes up its own, or choose another --output",
        )
    return stored


def _same_option(key: str, value: object, stored: RunConfig) -> bool:
    values = [kept for full, kept in flatten(stored.set).items() if full == key or full.partition(".")[2] == key]
    return _plain(value) in [_plain(kept) for kept in values]


def _plain(value: object) -> list[object]:
    """Return what flags, YAML and Python write differently in one form: ``1,3``, ``[1.0, 3.0]`` and ``(1, 3)``."""
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    return [_number(str(item).strip()) for item in items if item != ""]


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text.lower()
