"""Level 3 of observers: told of runs that end and of runs that do not, they raise nothing and write to the run alone.

This file is also what a process of its own runs to tell them, with the module's name and a folder behind it.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.registry import BUILTIN, hook_manager
from modaxfer.registry.observers import notify
from modaxfer.result import Result
from modaxfer.testing.check import PLUGIN, Level, check, fail, skip
from modaxfer.testing.checks.observed import said_by, tell, written
from modaxfer.testing.checks.reports import EMPTY, FAILED

if TYPE_CHECKING:
    from modaxfer.testing.subject import Subject

__all__ = ["CHECKS"]

_SCORED = replace(EMPTY, metrics={**EMPTY.metrics, "test": {"accuracy": 0.5}, "validation": {"accuracy": 0.75}})
_LINES: tuple[Mapping[str, Any], ...] = (
    {"phase": "train", "step": 1, "epoch": 0.5, "loss": 0.7, "terms": {"supervised": 0.7}, "learning_rate": 1e-4},
    {"phase": "train", "step": 2, "epoch": 1.0, "validation": {"accuracy": 0.75}},
)


@check(Level.CONTRACT, PLUGIN)
def observers_bear_every_run(subject: Subject) -> None:
    """Its observers raise nothing: not of a run with scores, of one without, nor of one that fails."""
    if troubles := _seen(subject)["troubles"]:
        fail(
            "an observer fails at a run that it is told of",
            got=troubles,
            allowed="nothing raised, nothing changed of what it is given: a score may be None, a run may fail",
            fix="look at what is there; write into copies, dict(...)",
        )


@check(Level.CONTRACT, PLUGIN)
def observers_write_to_the_run_alone(subject: Subject) -> None:
    """Its observers, unless a setting asks for more, write into the run's folder, or the system's temporary one."""
    if files := _seen(subject)["files"]:
        fail(
            "an observer writes beside the run",
            got=files,
            allowed="files below config['output'], `folder` of run_end, and temporary ones",
            fix="write there, and elsewhere only where somebody asked for it",
        )


def _seen(subject: Subject) -> dict[str, Any]:
    """Return what the plugin's observers did, told in a process of its own; skip where it has none."""
    plugin = subject.plugin
    if plugin.namespace not in {namespace for namespace, _ in subject.registry.observers()}:
        skip("it observes nothing")
    return _told("modaxfer.registry.builtin_observers" if plugin.namespace == BUILTIN else plugin.module)


@cache
def _told(module: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="modaxfer-observed-") as name:
        folder = Path(name).resolve()
        for own in ("run", "here", "temporary"):
            (folder / own).mkdir()
        said = said_by("-B", __file__, module, str(folder), folder=folder / "here", TMPDIR=str(folder / "temporary"))
    if isinstance(said, str):
        fail("its observers end the process that they watch", got=said, allowed="nothing raised", fix="return")
    return said


def _watch(module: str, place: Path) -> dict[str, Any]:
    """Tell the observers of `module` of three runs, and return what they raised and where else they wrote."""
    manager, files, watching = hook_manager(), list[str](), [False]
    manager.register(importlib.import_module(module), name=module)
    allowed = tuple(f"{place / own}{os.sep}" for own in ("run", "temporary"))

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        path = written(event, arguments) if watching[0] else None
        if isinstance(path, str | os.PathLike) and not _real(path).startswith(allowed):
            files.append(os.fspath(path))

    sys.addaudithook(note)
    troubles = []
    for number, result in enumerate((_SCORED, EMPTY, FAILED)):
        folder = place / "run" / str(number)
        folder.mkdir()
        result.save(folder)
        watching[0] = True
        for event, values in _events(result, folder):
            troubles += notify(manager, event, values)
        watching[0] = False
    return {"troubles": sorted({*troubles}), "files": sorted({*files})}


def _events(result: Result, folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return what is told of a run, in order."""
    from modaxfer.api import make_config

    config = make_config(encoder="bert", strategy="frozen", task="kit/tiny", output=str(folder))
    told: list[tuple[str, dict[str, Any]]] = [("run_start", {"config": dict(vars(config))})]
    told += [("stage_end", {"stage": stage, "seconds": 0.1}) for stage in ("load", "prepare")]
    if result.status == "failed":
        return [*told, ("run_error", {"error": ValueError(result.error)})]
    told += [("logged", {"values": line}) for line in _LINES]
    told += [("stage_end", {"stage": stage, "seconds": 0.1}) for stage in ("train", "evaluate")]
    return [*told, ("run_end", {"result": result.to_dict(), "folder": folder})]


def _real(path: str | os.PathLike[str]) -> str:
    return os.path.realpath(os.path.abspath(path)) + os.sep


CHECKS = (observers_bear_every_run, observers_write_to_the_run_alone)

if __name__ == "__main__":
    tell(_watch(sys.argv[1], Path(sys.argv[2])))
