"""A comparison at several numbers of labels: one grid per number, each an ordinary comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, OutputExistsError, RefusedError
from modaxfer.registry import problem_of
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.compare.grid import Grid, read_grid
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task
from modaxfer.tasks.memory import Memory

__all__ = ["ALL", "CURVE_REQUEST", "CurveRequest", "Size", "claim_curve", "read_curve", "sizes_of", "stored_curve"]

CURVE_REQUEST = "curve.yaml"

ALL = "all"
"""Stands for every labelled row that there is."""

SEEDS = 3
"""Draws of each size, where the user does not say."""

ALONE = ("folds", "fold", "episodes", "episode")
"""Settings that divide rows in other ways than a curve does."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """One number of labels, and the comparison that has it."""

    shots: int | None
    """Rows per class; None = all."""
    grid: Grid
    folder: Path

    @property
    def name(self) -> str:
        """What people call it."""
        return "all rows" if self.shots is None else f"{self.shots} per class"


@dataclass(frozen=True, kw_only=True)
class CurveRequest:
    """What a curve is asked for."""

    grid: Grid
    """Encoders, strategies, tasks and seeds; each seed draws rows of its own."""
    shots: tuple[int | str, ...] = ()
    """Rows per class, or `ALL`; empty = 1, 2, 4, ... and all."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**self.grid.to_dict(), **({"shots": list(self.shots)} if self.shots else {})}

    def folder(self) -> Path:
        """Return the folder that it names, or is named after."""
        if self.grid.settings.output:
            return Path(self.grid.settings.output)
        shown = self.grid.default_folder()
        return shown.with_name(shown.name.replace("compare", "curve"))


def read_curve(values: Mapping[str, Any]) -> CurveRequest:
    """Make a request from plain values: as for a comparison, and ``shots`` as a list or as text with commas.

    Raises:
        ConfigError: A key or a value is wrong.
    """
    given = dict(values)
    shots = _shots(given.pop("shots", None))
    for name in ALONE:
        if given.pop(name, None) not in (None, 1):
            raise ConfigError(
                f"a curve divides rows by itself, so --{name} means nothing here",
                got=f"--{name} {values[name]}",
                fix="leave it out; --seeds N draws the rows of each size N times",
            )
    return CurveRequest(grid=read_grid({"seeds": SEEDS, **given}), shots=shots)


def _shots(given: Any) -> tuple[int | str, ...]:
    if given in (None, (), [], ""):
        return ()
    parts = given.split(",") if isinstance(given, str) else given if isinstance(given, list | tuple) else [given]
    words = [str(part).strip() for each in parts for part in str(each).split(",")]
    wrong = [word for word in words if word != ALL and not (word.isdecimal() and int(word))]
    if wrong:
        raise ConfigError(
            "--shots takes rows per class", got=",".join(words), allowed="whole numbers from 1, and all",
            fix="for example --shots 1,2,4,8,all",
        )  # fmt: skip
    numbers = sorted({int(word) for word in words if word != ALL})
    return (*numbers, *([ALL] if ALL in words else []))


def sizes_of(request: CurveRequest, folder: Path) -> tuple[Size, ...]:
    """Return the sizes, small ones first, each with the tasks that have so many rows of every class.

    Raises:
        RefusedError: The rows of a task have not one class each, or there are no two sizes to draw a line through.
    """
    most = dict(_rows_per_class(request))
    found = []
    for shots in _asked(request, max(most.values())):
        tasks = tuple(name for name in request.grid.tasks if shots is None or most[name] >= shots)
        if not tasks:
            continue
        axes = replace(request.grid.axes, task=tasks if request.grid.axes.task else ())
        place = folder / ("all" if shots is None else f"shots-{shots}")
        settings = replace(request.grid.settings, shots=shots, output=str(place))
        found.append(Size(shots=shots, grid=Grid(axes=axes, settings=settings), folder=place))
    if len(found) < 2:
        raise RefusedError(
            "a curve needs two numbers of labels or more",
            got=f"{len(found)}, with {min(most.values())} rows of the rarest class",
            fix="ask for smaller --shots, or add labelled rows",
        )
    return tuple(found)


def _asked(request: CurveRequest, most: int) -> list[int | None]:
    if request.shots:
        return [None if size == ALL else int(size) for size in request.shots]
    return [*(2**power for power in range(most.bit_length()) if 2**power <= most), None]


def _rows_per_class(request: CurveRequest) -> Iterator[tuple[str, int]]:
    """Yield each task with the number of training rows of its rarest class."""
    settings, memory = request.grid.settings, Memory()
    for name in request.grid.tasks:
        own = replace(settings, task=(name,) if request.grid.axes.task else ())
        ((_, task),) = find_tasks(own)
        if not problem_of(task.target.problem).labels.one_class:
            raise RefusedError(
                "a curve counts rows of each class, and these rows have not one class each",
                got=f"{name}: problem {task.target.problem}",
                allowed="problems of one class per row, such as binary and multiclass",
                fix="compare runs with several --limit instead",
            )
        data = load_task(
            task, data_dir=own.data_dir, seed=own.seed, limit=own.limit, on_bad_row=own.on_bad_row, memory=memory
        )
        yield name, min(Counter(data.targets["train"].tolist()).values())


def claim_curve(request: CurveRequest, folder: Path) -> None:
    """Make `folder` that of `request`, or find it holding the same one, which is then gone on with.

    Raises:
        ConfigError: It holds another curve.
        OutputExistsError: It is something else.
    """
    path = folder / CURVE_REQUEST
    asked = request.to_dict()
    if path.is_file():
        stored = stored_curve(folder).to_dict()
        changed = sorted(key for key in {**asked, **stored} if str(asked.get(key)) != str(stored.get(key)))
        changed = [key for key in changed if key not in ("device", "num_processes")]
        if changed:
            raise ConfigError(
                "the output folder holds another curve",
                got="; ".join(f"{key} (there {stored.get(key)}, here {asked.get(key)})" for key in changed),
                fix=f"choose another --output, or `modaxfer curve --resume --output {folder}`",
            )
        return
    if folder.exists() and (not folder.is_dir() or any(each.name != LOCK for each in folder.iterdir())):
        raise OutputExistsError(
            "the output folder is not empty and holds no curve", got=folder, fix="choose another --output"
        )
    import yaml

    write_atomically(path, str(yaml.safe_dump(asked, sort_keys=False, allow_unicode=True)))


def stored_curve(folder: Path) -> CurveRequest:
    """Return what the curve in `folder` was asked for.

    Raises:
        ConfigError: There is none.
    """
    path = folder / CURVE_REQUEST
    if not path.is_file():
        raise ConfigError(
            "there is no curve here", got=folder, fix="name a folder that `modaxfer curve` wrote with --output"
        )
    return read_curve({**read_yaml(path), "output": str(folder)})
