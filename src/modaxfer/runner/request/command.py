"""The command line that asks for what a config says. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator
from typing import Any

from modaxfer.config import RunConfig

__all__ = ["command_of", "flags_of", "plain_text"]


def command_of(config: RunConfig) -> str:
    """Return the ``modaxfer train`` line of `config`, every option that it names among it."""
    options = [part for key, value in config.set.items() for part in ("--set", f"{key}={plain_text(value)}")]
    return shlex.join(["modaxfer", "train", *flags_of(config), *options])


def flags_of(config: RunConfig) -> Iterator[str]:
    """Yield flags and their values, those at their default, folder and options left out."""
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
                yield from (flag, plain_text(part))


def plain_text(value: Any) -> str:
    """Return a value as a flag takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(plain_text(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
