"""A saved model on its test split again: what was stored must be what the files give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.contracts import TaskData
from modaxfer.errors import DataError
from modaxfer.metrics.choice import find_metric
from modaxfer.result import Result
from modaxfer.runner.evaluation.asked import asked
from modaxfer.runner.evaluation.finished import cost_told
from modaxfer.runner.evaluation.measured import measure
from modaxfer.runner.predict.beside import calibration_on
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.request import find_tasks
from modaxfer.spec import TaskSpec
from modaxfer.tasks.division import division_of
from modaxfer.tasks.load import fields_of, load_task

__all__ = ["Evaluation", "evaluate", "evaluate_tasks", "load_rows"]

Evaluation = dict[str, dict[str, Any]]
"""``metrics``: name to value on the test split; ``stored``: what the run had; ``intervals``: name to [low, high];
``calibration``: what ``raw`` and ``calibrated`` probabilities score, by metric, where there are classes."""


def evaluate_tasks(
    run: Path, progress: Progress | None = None, *, device: str = "auto", trust_remote_code: bool = False
) -> dict[str, Evaluation]:
    """Score every task of `run`, one or several that share an encoder, by its id; see `evaluate`."""
    result = Result.load(run)
    places = {name: run / task["run"] for name, task in result.tasks.items()} or {result.task: run}
    trusted = trust_remote_code
    return {name: evaluate(place, progress, device=device, trust_remote_code=trusted) for name, place in places.items()}


def evaluate(
    run: Path, progress: Progress | None = None, *, device: str = "auto", trust_remote_code: bool = False
) -> Evaluation:
    """Score the saved model of `run` on the test split of its task.

    Raises:
        DataError: There is no model, or one per task; or the task's rows are no longer the ones the run was made with.
        UnknownNameError: The run's result names a metric that is not installed.
        ConfigError: It names code that nobody vouches for.
    """
    stored = Result.load(run)
    predictor = Predictor(run, device=device, trust_remote_code=trust_remote_code)
    task, data = load_rows(run, partial=predictor.described.partial)
    names, cost = list(stored.metrics["test"]), cost_told(stored)
    config = build(RunConfig, read_yaml(run / "config.yaml"))
    ask = asked(data, task, fields_of(task, data), "test", group_by=config.group_by)
    for name in names:
        # A metric that fails is a warning; one that must not run, or that is not there, is refused.
        find_metric(name, predictor.described.problem, cost=cost, groups=ask.groups)
    logits = predictor.logits(data.splits["test"].to_list(), data.root, progress)
    predictions, scores, calibrated = predictor.described.decision.apply(predictor.criterion, logits)
    common: dict[str, Any] = {
        "problem": predictor.described.problem,
        "cost": cost,
        "groups": ask.groups,
        "references": ask.references,
        "predictions": predictions,
        "scores": scores,
    }
    warnings: list[str] = []
    made = measure(names, common, needed=stored.primary, seed=stored.seed, units=ask.units, warnings=warnings)
    shown = progress or Progress(enabled=False)
    for line in warnings:
        shown.say(f"warning: {line}")
    return {
        "metrics": made.metrics,
        "stored": dict(stored.metrics["test"]),
        "intervals": {name: list(interval) for name, interval in made.intervals.items()},
        **calibration_on(common, calibrated),
    }


def load_rows(run: Path, *, partial: bool) -> tuple[TaskSpec, TaskData]:
    """Return the task of `run` and the rows that it was made with.

    Args:
        run: A run's folder.
        partial: Whether its model can do without an image or a sound.

    Raises:
        DataError: They are gone, or no longer the same; or the run failed.
    """
    stored = Result.load(run)
    if stored.status != "completed":
        raise DataError(
            "the run failed, so it has no scores of its own",
            file=run,
            fix="take it up again with --resume, or score labelled rows with `modaxfer evaluate RUN FILE`",
        )
    config = build(RunConfig, read_yaml(run / "config.yaml"))
    tasks = find_tasks(config)
    if len(tasks) != 1:
        raise DataError(
            "the run's config names no task, or several",
            file=run / "config.yaml",
            got=list(config.task) or "none",
            fix="bring config.yaml back, or score labelled rows with `modaxfer evaluate RUN FILE`",
        )
    ((_, task),) = tasks
    data = load_task(
        task,
        data_dir=config.data_dir,
        seed=config.seed,
        limit=config.limit,
        test_limit=config.test_limit,
        on_bad_row=config.on_bad_row,
        partial=partial,
        division=division_of(config),
    )
    if data.fingerprint != stored.data["fingerprint"]:
        raise DataError(
            "the task's rows are not the ones this run was made with",
            got=f"{data.source}, fingerprint {data.fingerprint[:12]}",
            allowed=f"{stored.data['source']}, fingerprint {stored.data['fingerprint'][:12]}",
            fix="bring the data back, or score other rows with `modaxfer evaluate RUN FILE`",
        )
    return task, data
