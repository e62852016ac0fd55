"""Which finished runs a comparison weighs: folders that are named, or the cells of a grid, with all their repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.errors import ConfigError, DataError
from modaxfer.result import Result, inside
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.ledger import CellRecord, read_cells
from modaxfer.runner.evaluation.finished import Finished, read_finished
from modaxfer.runner.folder import CONFIG

__all__ = ["Entry", "entries_of_cells", "entries_of_runs"]

OWN = (
    "seed", "seeds", "episode", "episodes", "output", "device", "num_processes", "baseline", "folds", "fold",
    "standalone", "track", "bound", "group_by",
    "task", "data", "data_dir", "text", "image", "audio", "number", "ignore", "label", "group", "problem", "on_bad_row",
)  # fmt: skip
"""Settings that do not tell one way of training from another: what repeats it, where it runs, and on which task."""

MOST_SHOWN = 3
"""Settings that a name is made of; where more differ, it is the folder's."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One finished run on one task."""

    contender: str
    """The way of training, for people; runs that share it are its repeats."""
    repeat: tuple[int, int]
    """Seed, and number of the few-shot draw."""
    run: Finished

    @property
    def task(self) -> str:
        """Id of the task."""
        return self.run.result.task


def entries_of_runs(folders: Sequence[Path]) -> tuple[Entry, ...]:
    """Return the runs in `folders`, each with its repeats and, where it has several tasks, as one per task.

    Runs whose requests differ in seed, draw or task alone are repeats of one way of training. A comparison's folder
    stands for its completed cells.

    Raises:
        DataError: A folder holds no finished run, or its predictions are gone.
    """
    twice = [str(folder) for place, folder in enumerate(folders) if folder.resolve() in _resolved(folders[:place])]
    if twice:
        raise ConfigError("a run is named twice", got=twice, fix="name each once: a run cannot differ from itself")
    grids = [folder for folder in folders if (folder / "compare.json").is_file()]
    runs = [folder for folder in folders if folder not in grids]
    configs = {folder: _config(folder) for folder in runs}
    named = _names(configs)
    found = [entry for grid in grids for entry in entries_of_cells(grid, read_cells(grid))]
    found += [entry for folder in runs for entry in _entries(folder, named[folder])]
    return tuple(found)


def entries_of_cells(folder: Path, cells: Iterable[CellRecord]) -> tuple[Entry, ...]:
    """Return the completed cells of the comparison in `folder`; encoder and strategy name a way of training."""
    done = [cell for cell in cells if cell.status == "completed" and cell.run]
    short = {name: label(name) for name in dict.fromkeys(cell.encoder for cell in done)}
    shown = {name: found if list(short.values()).count(found) == 1 else name for name, found in short.items()}
    return tuple(
        entry
        for cell in done
        for entry in _entries(inside(folder, cell.run or ""), f"{shown[cell.encoder]} {cell.strategy}", cell.seed)
    )


def _entries(folder: Path, name: str, seed: int | None = None) -> Iterator[Entry]:
    """Yield the run in `folder` and its repeats, or those of its tasks; `seed` keeps one that only repeats a grid's."""
    main = _finished(folder)
    repeats = {(main.seed if seed is None else seed, 0): folder}
    repeats |= {(other, 0): folder / "seeds" / str(other) for other in list(main.repeats.get("seeds", ()))[1:]}
    repeats |= {
        (main.seed, draw): folder / "episodes" / str(draw) for draw in list(main.episodes.get("episodes", ()))[1:]
    }
    for repeat, place in repeats.items():
        result = main if place == folder else _finished(place)
        parts = [inside(place, task["run"]) for task in result.tasks.values()]
        for part in parts or [place]:
            own = _finished(part) if parts else result
            yield Entry(contender=name, repeat=repeat, run=read_finished(part, own))


def _finished(folder: Path) -> Result:
    result = Result.load(folder)
    if result.status != "completed":
        raise DataError(
            "the run failed, so it has no scores to compare",
            file=folder,
            got=result.error,
            fix="take it up again with `modaxfer train --resume`, or leave it out",
        )
    return result


def _config(folder: Path) -> RunConfig:
    Result.load(folder)  # says best what is missing where it is no run
    return build(RunConfig, read_yaml(folder / CONFIG))


def _names(configs: Mapping[Path, RunConfig]) -> dict[Path, str]:
    """Name each run after encoder and strategy, and after what else of its request tells it from others so named."""
    asked = {folder: _asked(config) for folder, config in configs.items()}
    plain = {folder: f"{label('+'.join(configs[folder].encoder))} {configs[folder].strategy}" for folder in configs}
    names = {}
    for folder, name in plain.items():
        alike = [other for other in plain if plain[other] == name]
        keys = sorted({key for other in alike for key in asked[other]})
        differ = [key for key in keys if len({repr(asked[other].get(key)) for other in alike}) > 1]
        if len(differ) > MOST_SHOWN:
            first = next(other for other in alike if asked[other] == asked[folder])
            names[folder] = first.name
        else:
            shown = ", ".join(f"{key} {_shown(asked[folder].get(key))}" for key in differ)
            names[folder] = f"{name} ({shown})" if shown else name
    return names


def _asked(config: RunConfig) -> dict[str, Any]:
    """Return the settings of a request that tell ways of training apart, nested ones as keys of their own."""
    found = {item.name: getattr(config, item.name) for item in dataclasses.fields(RunConfig) if item.name not in OWN}
    return {**{key: value for key, value in found.items() if key != "set"}, **config.set}


def _shown(value: Any) -> str:
    return "default" if value in (None, (), {}) else str(value)


def _resolved(folders: Iterable[Path]) -> set[Path]:
    return {folder.resolve() for folder in folders}
