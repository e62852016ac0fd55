"""Settings of another kind of request: who gives one expects it to do something, so it is refused, never ignored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError
from modaxfer.runner.request.options import flatten

__all__ = ["MISPLACED", "Misplaced", "refuse_misplaced"]

UNASKED = RunConfig()


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """Settings that mean nothing in one kind of request."""

    settings: tuple[str, ...]
    beside: str
    """Setting that makes them mean nothing."""
    applies: Callable[[RunConfig], bool]
    why: str
    fix: str


def _proxied(config: RunConfig) -> bool:
    """Tell whether a bridge is aligned with a registered task, whose rows may lie in the data folder."""
    return any(key.rpartition(".")[2].startswith(("align", "proxy")) for key in flatten(config.set))


MISPLACED = (
    Misplaced(
        settings=("text", "image", "audio", "number", "ignore", "label", "group", "problem"),
        beside="task",
        applies=lambda config: bool(config.task) and config.data is None,
        why="a registered task has its own columns",
        fix="leave {flags} out, or give rows of your own with --data in place of --task",
    ),
    Misplaced(
        settings=("data_dir",),
        beside="data",
        applies=lambda config: config.data is not None and not config.source_task and not _proxied(config),
        why="rows of your own are read from --data alone",
        fix="leave {flags} out, or name a registered task with --task in place of --data",
    ),
)
"""Every pair of a setting and what makes it mean nothing that a request shows by itself."""


def refuse_misplaced(config: RunConfig) -> None:
    """Refuse settings that mean nothing in this request, and a data folder that is not there.

    Raises:
        ConfigError: There are such settings; names them and what they contradict.
    """
    for rule in MISPLACED:
        given = [name for name in rule.settings if getattr(config, name) != getattr(UNASKED, name)]
        if given and rule.applies(config):
            flags = " and ".join(_flag(name) for name in given)
            raise ConfigError(
                f"{flags} beside {_flag(rule.beside)} would do nothing: {rule.why}",
                got=[f"{_flag(name)} {_shown(getattr(config, name))}" for name in (*given, rule.beside)],
                fix=rule.fix.format(flags=flags),
            )
    if config.data_dir is not None and not Path(config.data_dir).expanduser().is_dir():
        place = Path(config.data_dir).expanduser()
        raise ConfigError(
            "--data-dir is not a folder" if place.exists() else "--data-dir does not exist",
            got=config.data_dir,
            fix="name the folder that holds data sets by name, or leave --data-dir out",
        )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
