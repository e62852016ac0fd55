"""What sharing an encoder gained or harmed each task, against the same plan on that task alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.metrics import paired_difference
from modaxfer.result import Result
from modaxfer.runner.evaluation.attempts import attempt
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.folder import CONFIG, task_folder
from modaxfer.runner.request.resolve import ResolvedTask

__all__ = ["beside_alone", "config_of"]

RunOne = Callable[..., tuple[Result, Path]]
"""`modaxfer.runner.run.run`."""


def config_of(config: RunConfig, resolved: ResolvedTask) -> RunConfig:
    """Return the config of one task of several, for one seed; options of other tasks' bridges are left out."""
    options = {key: value for key, value in config.set.items() if not key.startswith("bridge.")}
    for described in resolved.towers:
        options |= {f"bridge.{key}": value for key, value in vars(described.bridge_options).items()}
    return replace(config, task=(resolved.task_id,), seeds=1, baseline=(), set=options)


def beside_alone(result: Result, tasks: Sequence[ResolvedTask], folder: Path, run_one: RunOne, progress: Any) -> Result:
    """Train each task of a shared run by itself, and put its score and the difference beside the shared one.

    The runs lie in ``alone/TASK``; finished ones are taken as they are. The same strategy chooses length and rates for
    the task alone.

    Args:
        result: Of the shared run, whose tasks lie in ``tasks/TASK``.
        tasks: Its tasks.
        folder: Its folder.
        run_one: Runs a config.
        progress: Where to tell how far it is.

    Returns:
        The result with what was found; a task whose own run failed has nothing beside it, and a warning says so.
    """
    warnings: list[str] = []
    found: dict[str, Any] = {}
    for resolved in tasks:
        beside = partial(_alone, result, resolved, folder, run_one, progress)
        found[resolved.task_id] = {
            **result.tasks[resolved.task_id],
            **(attempt(f"{resolved.task_id} trained alone, beside the shared run,", beside, warnings) or {}),
        }
    return replace(result, tasks=found, warnings=(*result.warnings, *warnings))


def _alone(result: Result, resolved: ResolvedTask, folder: Path, run_one: RunOne, progress: Any) -> dict[str, Any]:
    place = folder / "alone" / task_folder(resolved.task_id)
    config = replace(config_of(resolved.config, resolved), output=str(place))
    progress.say(f"\n{resolved.task_id} alone ({place})")
    alone, _ = run_one(config, resume=(place / CONFIG).is_file(), progress=progress)
    shared_folder = folder / "tasks" / task_folder(resolved.task_id)
    shared, other = read_finished(shared_folder, Result.load(shared_folder)), read_finished(place, alone)
    found = paired_difference(
        shared.references,
        shared.scored,
        other.scored,
        resolved.primary,
        problem=resolved.task.target.problem,
        seed=result.seed,
        clusters=shared.clusters,
    )
    return {"alone": alone.metrics["test"][resolved.primary], "difference": [found.low, found.high]}
