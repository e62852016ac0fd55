"""A run that is resumed goes on as it was started; who asks for something else is told so."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, read_yaml, refuse_code_by_file
from modaxfer.errors import ConfigError
from modaxfer.runner.folder import CONFIG, TRIALS_REQUEST, absolute, default_folder
from modaxfer.runner.request.options import flatten

__all__ = ["resumed"]

LEFT_OPEN = {"precision": "auto"}
"""Settings that a run makes definite before it stores them: who asks for this asks for what was stored."""

ELSEWHERE = ("device", "num_processes", "track")
"""Settings that may be others when a run is resumed."""

UNASKED = RunConfig()
"""What a request looks like that asks for nothing."""


def resumed(config: RunConfig) -> RunConfig:
    """Return the config that the run to resume was started with, its folder named; nothing is written.

    Raises:
        ConfigError: There is nothing to resume, or the run there was started with other settings.
    """
    folder = Path(config.output) if config.output else default_folder(config, resume=True)
    searched = folder / TRIALS_REQUEST
    path = searched if searched.is_file() else folder / CONFIG
    if not path.is_file():
        raise ConfigError(
            "there is no run to resume", got=folder, fix="leave --resume out, or name the run's folder with --output"
        )
    stored = replace(build(RunConfig, read_yaml(path)), output=str(folder))
    refuse_code_by_file(stored.trust_remote_code, path, asked=config.trust_remote_code)
    # Where it goes on may be chosen again; whoever says nothing gets what was stored.
    elsewhere = {name: getattr(config, name) for name in ELSEWHERE if getattr(config, name) != getattr(UNASKED, name)}
    stored = replace(stored, **elsewhere)
    different = _differences(config, stored)
    if different:
        raise ConfigError(
            "the run to resume was started with other settings",
            got=different,
            fix=f"`modaxfer train --resume --output {folder}` alone resumes with its own, or choose another --output",
        )
    return stored


def _differences(config: RunConfig, stored: RunConfig) -> list[str]:
    """Return the settings that `config` asks for and `stored` does not have; a path is the same however written."""
    asked, kept = _comparable(config), _comparable(stored)
    # Whoever names no encoder, strategy or rows gives the folder alone: what is left at its default was not asked for.
    alone = not config.encoder and not config.strategy and not config.task and config.data is None
    free = {name for name, value in asked.items() if alone and value == getattr(UNASKED, name)}
    free |= {"set", "output", *ELSEWHERE}
    different = [
        name for name in asked if name not in free and asked[name] not in (kept[name], LEFT_OPEN.get(name, kept[name]))
    ]
    return different + [key for key, value in flatten(config.set).items() if not _same_option(key, value, stored)]


def _comparable(config: RunConfig) -> dict[str, Any]:
    values = vars(absolute(config))
    paths = {
        name: os.path.realpath(values[name])
        for name in ("data", "data_dir", "map_classes", "teacher", "cost")
        if values[name] is not None
    }
    return {**values, **paths}


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
