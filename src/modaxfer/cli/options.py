"""Click options made from the fields of `RunConfig`: the docs there are the help here."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable
from typing import Any

import click

from modaxfer.cli.completion import names_for
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError

__all__ = ["QUIET", "config_options", "config_options_but", "config_options_of", "pairs_of", "settings"]

QUIET = click.option("--quiet", is_flag=True, help="Say nothing on standard error but what went wrong.")
"""Of every command that takes long."""

METAVARS = {
    "encoder": "E",
    "strategy": "S",
    "task": "T",
    "source_task": "T0",
    "map_classes": "FILE",
    "data": "PATH",
    "text": "COL",
    "image": "COL",
    "audio": "COL",
    "number": "COL",
    "ignore": "COL",
    "label": "COL",
    "group": "COL",
    "data_dir": "DIR",
    "augment": "NAME[=X]",
    "metric": "M",
    "threshold": "auto|X",
    "cost": "FILE",
    "group_by": "COL",
    "bridge": "B",
    "checkpoint": "ID|PATH",
    "revision": "REV",
    "private": "EPSILON",
    "objective": "O",
    "teacher": "RUN",
    "budget": "MINUTES",
    "output": "DIR",
    "track": "NAME[=PROJECT]",
    "learning_rate": "X",
    "tune_over": "KEY[=RANGE]",
    "set": "KEY=VALUE",
}


def config_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option per field of `RunConfig` to `command`; unset ones arrive as None or an empty tuple."""
    return config_options_but()(command)


def config_options_but(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what adds one option per field of `RunConfig`, but for those called `names` and those without a flag."""
    return config_options_of(RunConfig, *names)


def config_options_of(config: Any, *names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what adds one option per field of the dataclass `config`, as `config_options_but` does."""
    hints = typing.get_type_hints(config)

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for item in reversed(dataclasses.fields(config)):
            if item.name not in names and item.metadata.get("flag", True):
                command = _option(item, hints[item.name])(command)
        return command

    return add


def settings(values: dict[str, Any]) -> dict[str, Any]:
    """Return what was set on the command line, as fields of `RunConfig`.

    Raises:
        ConfigError: A ``--set`` is not KEY=VALUE.
    """
    given = {key: value for key, value in values.items() if value not in (None, (), False)}
    pairs = pairs_of("--set", given.pop("set", ()), "rank=8")
    return given | ({"set": pairs} if pairs else {})


def pairs_of(flag: str, texts: Iterable[str], example: str) -> dict[str, str]:
    """Return KEY=VALUE texts of a repeated flag by their key.

    Raises:
        ConfigError: One is not KEY=VALUE, or a key is given twice.
    """
    pairs: dict[str, str] = {}
    for pair in texts:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(f"{flag} takes KEY=VALUE", got=pair, fix=f"for example {flag} {example}")
        if key.strip() in pairs:
            raise ConfigError(
                f"{flag} {key.strip()} is given twice", got=[pairs[key.strip()], value], fix="give it once"
            )
        pairs[key.strip()] = value
    return pairs


def _option(item: dataclasses.Field[Any], hint: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    flag, doc = f"--{item.name.replace('_', '-')}", item.metadata["doc"]
    choices = item.metadata.get("choices")
    if hint is bool:
        return click.option(flag, item.name, is_flag=True, default=False, help=doc)
    default = item.default
    if default not in (dataclasses.MISSING, None, "", ()):
        doc += f" Default: {default}."
    if choices:
        doc += f" One of {', '.join(choices)}."
    many = item.name == "set" or typing.get_origin(hint) is tuple
    return click.option(
        flag,
        item.name,
        multiple=many,
        default=None,
        help=doc + (" May be repeated." if many else ""),
        metavar=METAVARS.get(item.name, "X" if choices else "N"),
        shell_complete=names_for(item.name),
    )
