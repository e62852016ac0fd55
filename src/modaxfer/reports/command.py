"""The command line that repeats a run, rebuilt from its config.yaml."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING, Any

from modaxfer.config import EncoderOptions, RunConfig, TrainOptions, build, read_yaml
from modaxfer.errors import ConfigError, ModaxferError
from modaxfer.registry import load_target, registry
from modaxfer.runner.request.command import flags_of, plain_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["repeat_command", "train_command"]


def repeat_command(folder: Path) -> str | None:
    """Return ``modaxfer train --config ...``; None where the run in `folder` has no config.yaml."""
    path = folder / "config.yaml"
    if not path.is_file():
        return None
    try:
        trusted = read_yaml(path).get("trust_remote_code") is True
    except ConfigError:
        trusted = False
    flag = ["--trust-remote-code"] if trusted else []
    return shlex.join(["modaxfer", "train", "--config", str(path), *flag])


def train_command(folder: Path, bridge: str = "") -> str | None:
    """Spell out the run's options as flags, those at their default left out.

    Args:
        folder: The run.
        bridge: Id of the bridge that was taken, whose defaults are left out too.

    Returns:
        The command; None where there is no config.yaml, or one of another version that this one cannot read.
    """
    try:
        config = build(RunConfig, read_yaml(folder / "config.yaml"))
    except ConfigError:
        return None
    return shlex.join(["modaxfer", "train", *flags_of(config), *_options(config, bridge)])


def _options(config: RunConfig, bridge: str) -> Iterator[str]:
    classes = {
        "train": TrainOptions,
        "encoder": EncoderOptions,
        "strategy": _options_of("strategy", config.strategy),
        "bridge": _options_of("bridge", config.bridge or bridge),
    }
    defaults = {
        f"{group}.{item.name}": item.default
        for group, options in classes.items()
        if options is not None
        for item in dataclasses.fields(options)
    }
    for key, value in config.set.items():
        if key not in defaults or plain_text(value) != plain_text(defaults[key]):
            yield from ("--set", f"{key}={plain_text(value)}")


def _options_of(kind: str, name: str) -> type[Any] | None:
    """Return the options class of a strategy or bridge; None where it takes none or is not installed here."""
    try:
        target = registry().get(kind, name).spec.options
        options: type[Any] | None = load_target(target) if target else None
    except ModaxferError:
        return None
    return options
