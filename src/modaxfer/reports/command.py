"""The command line that repeats a run, rebuilt from its config.yaml."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["repeat_command", "train_command"]


def repeat_command(folder: Path) -> str | None:
    """Return ``modaxfer train --config ...``; None where the run in `folder` has no config.yaml."""
    path = folder / "config.yaml"
    return shlex.join(["modaxfer", "train", "--config", str(path)]) if path.is_file() else None


def train_command(folder: Path) -> str | None:
    """Spell out the run's options as flags, those at their default left out.

    Returns:
        The command; None where there is no config.yaml, or one of another version that this one cannot read.
    """
    try:
        config = build(RunConfig, read_yaml(folder / "config.yaml"))
    except ConfigError:
        return None
    return shlex.join(["modaxfer", "train", *_flags(config)])


def _flags(config: RunConfig) -> Iterator[str]:
    default = RunConfig()
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if item.name in ("output", "set") or value == getattr(default, item.name):
            continue
        flag = f"--{item.name.replace('_', '-')}"
        if value is True:
            yield flag
        else:
            for part in value if isinstance(value, tuple) else (value,):
                yield from (flag, _plain(part))
    for key, value in config.set.items():
        yield from ("--set", f"{key}={_plain(value)}")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(_plain(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
