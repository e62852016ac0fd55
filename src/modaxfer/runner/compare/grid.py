"""What a comparison asks for: encoders x strategies x tasks x seeds, under settings that all its cells share."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, documented, refuse_large_seeds
from modaxfer.errors import ConfigError
from modaxfer.runner.folder import absolute, absolute_name
from modaxfer.runner.request.misplaced import refuse_misplaced

__all__ = ["Axes", "Grid", "GridCell", "changes_of", "label", "members", "read_grid"]

AXES = ("encoder", "strategy", "task")
PLACED = (*AXES, "seed", "output")
"""Fields of `RunConfig` that each cell sets for itself."""


@dataclass(frozen=True, kw_only=True)
class Axes:
    """What is varied."""

    encoder: tuple[str, ...] = documented((), "Encoders; vit+bert is one cell with both.")
    strategy: tuple[str, ...] = documented((), "Strategies.")
    task: tuple[str, ...] = documented((), "Tasks; a+b is one cell with both.")
    seeds: int = documented(1, "How many seeds, from --seed on.", minimum=1)


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """One run of a comparison."""

    encoder: str
    """As asked for; several joined by ``+``."""
    strategy: str
    task: str
    """As asked for; several joined by ``+``; for own data ``own/`` and the name of the file or folder."""
    seed: int
    name: str
    """Name of its folder, unique in the comparison."""
    config: RunConfig

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells it from the other cells."""
        return self.encoder, self.strategy, self.task, self.seed

    def __str__(self) -> str:
        return f"{label(self.encoder)} {self.strategy} {self.task} seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A whole comparison."""

    axes: Axes
    settings: RunConfig
    """What all cells share; its encoder, strategy and task are empty."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks, with own data named as a run names it."""
        return self.axes.task or (f"own/{Path(self.settings.data or '').stem}",)

    @property
    def spending(self) -> str | None:
        """What the cells spend of privacy together, by basic composition; None where no row is spent on twice."""
        epsilon, axes = self.settings.private, self.axes
        runs = len(axes.encoder) * len(axes.strategy) * axes.seeds
        if epsilon is None or runs == 1:
            return None
        return (
            f"each of {runs} runs on the same rows spends ε = {epsilon:g} of its own; whoever sees what all of them say"
            f" has ε = {runs * epsilon:g}, and δ {runs} times as large"
        )

    def cells(self, folder: Path) -> tuple[GridCell, ...]:
        """Return every cell, whole grids seed by seed, so that one that is stopped early still covers everything.

        Args:
            folder: The comparison's; each cell is a run in ``cells/NAME`` below it.
        """
        encoders, tasks = _slugs(self.axes.encoder), _slugs(self.tasks)
        return tuple(
            self._cell(folder, encoder, strategy, task, seed, f"{encoders[encoder]}-{strategy}-{tasks[task]}")
            for seed in range(self.settings.seed, self.settings.seed + self.axes.seeds)
            for task in self.tasks
            for encoder in self.axes.encoder
            for strategy in self.axes.strategy
        )

    def _cell(self, folder: Path, encoder: str, strategy: str, task: str, seed: int, stem: str) -> GridCell:
        name = f"{stem.replace('/', '-')}-seed{seed}"
        config = replace(
            self.settings,
            encoder=members(encoder),
            strategy=strategy,
            task=members(task) if self.axes.task else (),
            seed=seed,
            output=str(folder / "cells" / name),
        )
        return GridCell(encoder=encoder, strategy=strategy, task=task, seed=seed, name=name, config=config)

    def to_dict(self) -> dict[str, Any]:
        """Return the request as plain values: the axes, and those settings that are not at their default.

        Paths are absolute, so that it means the same from wherever it is resumed.
        """
        usual, settings = RunConfig(), absolute(self.settings)
        shared = {
            item.name: getattr(settings, item.name)
            for item in dataclasses.fields(RunConfig)
            if item.name not in (*AXES, "output") and getattr(settings, item.name) != getattr(usual, item.name)
        }
        encoders = ["+".join(map(absolute_name, members(name))) for name in self.axes.encoder]
        plain = {
            key: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
            for key, value in {**vars(self.axes), "encoder": encoders, **shared}.items()
        }
        return {key: value for key, value in plain.items() if value not in ([], {})}

    def default_folder(self) -> Path:
        """Return ``runs/compare-HASH``: the same request finds the same folder again."""
        digest = hashlib.sha256(repr(sorted(self.to_dict().items())).encode()).hexdigest()
        return Path("runs") / f"compare-{digest[:10]}"


def read_grid(values: Mapping[str, Any]) -> Grid:
    """Make a grid from plain values: the fields of `Axes`, and of `RunConfig` for what all cells share.

    ``encoder``, ``strategy`` and ``task`` are lists, or text with commas; an inner list is a group, as ``a+b`` is.

    Raises:
        ConfigError: A key or a value is wrong, or an axis is empty.
    """
    names = {item.name for item in dataclasses.fields(Axes)}
    axes: dict[str, Any] = {key: value for key, value in values.items() if key in names}
    axes |= {key: tuple(dict.fromkeys(_listed(axes[key]))) for key in AXES if key in axes}
    shared = {key: value for key, value in values.items() if key not in names}
    grid = Grid(axes=build(Axes, axes), settings=build(RunConfig, shared))
    missing = [name for name in ("encoder", "strategy") if not getattr(grid.axes, name)]
    if not grid.axes.task and grid.settings.data is None:
        missing.append("task")
    if missing:
        raise ConfigError(
            f"{' and '.join(f'--{name}' for name in missing)} missing",
            fix="for example `modaxfer compare --encoder vit,bert --strategy full,lora --task legal-sentiment`",
        )
    refuse_large_seeds(grid.settings.seed, grid.axes.seeds)
    if grid.axes.task and grid.settings.data is not None:
        raise ConfigError(
            "--task and --data exclude each other",
            got=f"{grid.axes.task[0]} and {grid.settings.data}",
            fix="leave one of them out",
        )
    refuse_misplaced(replace(grid.settings, task=grid.axes.task))
    return grid


def changes_of(grid: Grid, stored: Grid) -> list[str]:
    """Return in what `grid` differs from `stored`, one clause each; where to compute does not count."""
    asked, kept = grid.to_dict(), stored.to_dict()
    keys = [key for key in dict.fromkeys([*kept, *asked]) if key not in ("device", "num_processes")]
    return [
        f"{key} (there {_shown(kept.get(key))}, here {_shown(asked.get(key))})"
        for key in keys
        if _comparable(asked.get(key)) != _comparable(kept.get(key))
    ]


def members(name: str) -> tuple[str, ...]:
    """Return the names that ``a+b`` joins; a path is one name, whatever is in it."""
    return (name,) if Path(name).expanduser().exists() else tuple(part for part in name.split("+") if part)


def label(name: str) -> str:
    """Return `name` as people read it: of a folder its last part."""
    return "+".join(Path(part).name if _is_path(part) else part for part in members(name))


def _is_path(name: str) -> bool:
    return Path(name).is_absolute() or name.startswith((".", "~")) or name.count("/") > 1


def _listed(value: Any) -> list[str]:
    if isinstance(value, str | Path):
        text = str(value)
        parts = [text] if Path(text).expanduser().exists() else text.split(",")
        return [part.strip() for part in parts if part.strip()]
    if not isinstance(value, Iterable):
        raise ConfigError("encoders, strategies and tasks are lists of names", got=value)
    found: list[str] = []
    for item in value:
        found += _listed(item) if isinstance(item, str | Path) else ["+".join(_listed(item))]
    return found


def _slugs(names: tuple[str, ...]) -> dict[str, str]:
    """Name folders after `names`; those that would be the same get a hash of the whole name."""
    short = {name: re.sub(r"[^A-Za-z0-9._+-]+", "-", label(name)).strip("-.") for name in names}
    several = {slug for slug in short.values() if list(short.values()).count(slug) > 1}
    return {
        name: f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:6]}" if slug in several else slug
        for name, slug in short.items()
    }


def _comparable(value: Any) -> Any:
    """Options come as text from the command line and as numbers from YAML."""
    return {key: str(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={item}" for key, item in value.items())
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
