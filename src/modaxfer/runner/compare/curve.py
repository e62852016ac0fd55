"""A comparison at several numbers of labels: one grid per number, each an ordinary comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from modaxfer.config import read_yaml
from modaxfer.errors import ConfigError, OutputExistsError, RefusedError
from modaxfer.registry import problem_of
from modaxfer.result import write_atomically
from modaxfer.runner.claims.hold import LOCK
from modaxfer.runner.compare.grid import Grid, read_grid
from modaxfer.runner.request.request import find_tasks
from modaxfer.tasks.load import load_task
from modaxfer.tasks.memory import Memory

__all__ = [
    "ALL",
    "CURVE_REQUEST",
    "Counted",
    "CurveRequest",
    "Size",
    "claim_curve",
    "read_curve",
    "sizes_of",
    "stored_curve",
]

CURVE_REQUEST = "curve.yaml"

ALL = "all"
"""Stands for every labelled row that there is."""

FEWEST_ROWS = 16
"""Rows from which on a curve begins where they are not counted by class: a quarter of them is to choose by."""

EVERY = 10**9
"""Test rows that a smaller number of labels leaves: all of them."""

SEEDS = 3
"""Draws of each size, where the user does not say."""

ALONE = ("folds", "fold", "episodes", "episode")
"""Settings that divide rows in other ways than a curve does."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """One number of labels, and the comparison that has it."""

    shots: int | None
    """Rows per class; None = all, or not counted by class."""
    grid: Grid
    folder: Path
    limit: int | None = None
    """Rows, where they are not counted by class; None = all."""

    @property
    def name(self) -> str:
        """What people call it."""
        if self.limit is not None:
            return f"{self.limit:,} rows"
        return "all rows" if self.shots is None else f"{self.shots} per class"


class Counted(NamedTuple):
    """Labelled training rows of a task."""

    rows: int
    """Of its rarest class, where they are counted by class."""
    by_class: bool


@dataclass(frozen=True, kw_only=True)
class CurveRequest:
    """What a curve is asked for."""

    grid: Grid
    """Encoders, strategies, tasks and seeds; each seed draws rows of its own."""
    shots: tuple[int | str, ...] = ()
    """Rows per class, or `ALL`; empty = 1, 2, 4, ... and all. Of tasks whose rows have not one class each, rows."""

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
    """Return the sizes, small ones first, each with the tasks that have so many rows, of every class or at all.

    Raises:
        RefusedError: Rows of some tasks have one class each and those of others have not, or there are no two sizes to
            draw a line through.
    """
    counted = dict(_counted(request))
    by_class = _by_class(counted)
    most = {name: each.rows for name, each in counted.items()}
    found = []
    for count in _asked(request, max(most.values()), 1 if by_class else FEWEST_ROWS):
        tasks = tuple(name for name in request.grid.tasks if count is None or most[name] >= count)
        if tasks:
            found.append(_size(request, folder, tasks, count, by_class=by_class))
    if len(found) < 2:
        raise RefusedError(
            "a curve needs two numbers of labels or more",
            got=f"{len(found)}, with {min(most.values())} rows{' of the rarest class' if by_class else ''}",
            fix="ask for smaller --shots, or add labelled rows",
        )
    return tuple(found)


def _size(request: CurveRequest, folder: Path, tasks: tuple[str, ...], count: int | None, *, by_class: bool) -> Size:
    axes = replace(request.grid.axes, task=tasks if request.grid.axes.task else ())
    place = folder / ("all" if count is None else f"{'shots' if by_class else 'rows'}-{count}")
    settings = replace(request.grid.settings, output=str(place))
    if by_class or count is None:
        settings = replace(settings, shots=count)
        return Size(shots=count, grid=Grid(axes=axes, settings=settings), folder=place)
    settings = replace(settings, limit=count, test_limit=settings.test_limit or _tested(settings.limit))
    return Size(shots=None, limit=count, grid=Grid(axes=axes, settings=settings), folder=place)


def _tested(limit: int | None) -> int:
    """Return how many test rows every size has: those that the request has without one."""
    return EVERY if limit is None else max(1, limit // 4)


def _by_class(counted: Mapping[str, Counted]) -> bool:
    """Tell whether rows are counted by class, in all tasks or in none."""
    kinds = {name: each.by_class for name, each in counted.items()}
    if len(set(kinds.values())) > 1:
        raise RefusedError(
            "a curve counts rows of each class, or rows where they have not one class each: not both",
            got=", ".join(f"{name} by {'class' if by_class else 'row'}" for name, by_class in kinds.items()),
            fix="ask for a curve of each kind of task",
        )
    return set(kinds.values()) == {True}


def _asked(request: CurveRequest, most: int, least: int) -> list[int | None]:
    if request.shots:
        return [None if size == ALL else int(size) for size in request.shots]
    return [*(2**power for power in range(most.bit_length()) if least <= 2**power <= most), None]


def _counted(request: CurveRequest) -> Iterator[tuple[str, Counted]]:
    """Yield each task with the number of its training rows, by class where each has one."""
    settings, memory = request.grid.settings, Memory()
    for name in request.grid.tasks:
        own = replace(settings, task=(name,) if request.grid.axes.task else ())
        ((_, task),) = find_tasks(own)
        data = load_task(
            task, data_dir=own.data_dir, seed=own.seed, limit=own.limit, on_bad_row=own.on_bad_row, memory=memory
        )
        targets = data.targets["train"]
        by_class = problem_of(task.target.problem).labels.one_class
        yield name, Counted(min(Counter(targets.tolist()).values()) if by_class else len(targets), by_class)


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
