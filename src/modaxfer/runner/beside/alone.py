"""Each task of a shared run trained by itself: what sharing an encoder gained or harmed it, against the same plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.metrics import paired_difference
from modaxfer.plan import Plan
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.folder import CONFIG, task_folder

__all__ = ["ALONE", "asked"]

NAME = "alone"
"""What a plan of several tasks asks for, and the folder where they lie."""


def asked(plan: Plan, config: RunConfig) -> tuple[str, ...]:
    """Return what is asked for of several tasks that share an encoder: each alone, where `plan` says so."""
    return (NAME,) if len(config.task) > 1 and plan.alone else ()


def _companions(main: Main) -> tuple[Companion, ...]:
    """The same strategy chooses length and rates for the task alone."""
    return tuple(_alone(main, task) for task in main.result.tasks) if NAME in main.result.companions else ()


def _alone(main: Main, task: str) -> Companion:
    def config(runs: Runs) -> RunConfig:
        return build(RunConfig, read_yaml(main.folder / main.result.tasks[task]["run"] / CONFIG))

    return Companion(place=_place(task), label=f"{task} alone", config=config)


def _place(task: str) -> str:
    return f"{NAME}/{task_folder(task)}"


def _is_told(main: Main) -> bool:
    return all("alone" in told for told in main.result.tasks.values())


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    found = {
        task: {**told, **_compared(main, task, runs[_place(task)])} if _place(task) in runs else told
        for task, told in result.tasks.items()
    }
    return replace(result, tasks=found)


def _compared(main: Main, task: str, alone: Result) -> dict[str, Any]:
    """Return the task's own score, and the 95 % interval of shared minus alone over the same rows."""
    folder, metric = main.folder / main.result.tasks[task]["run"], alone.primary
    shared, other = read_finished(folder, Result.load(folder)), read_finished(main.folder / _place(task), alone)
    found = paired_difference(
        shared.references,
        shared.scored,
        other.scored,
        metric,
        problem=shared.problem,
        cost=shared.cost,
        seed=main.result.seed,
        clusters=shared.clusters,
    )
    return {"alone": alone.metrics["test"][metric], "difference": [found.low, found.high]}


ALONE = Kind(name="what sharing did to each task", companions=_companions, is_told=_is_told, tell=_tell)
