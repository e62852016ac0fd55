"""How a run is to be scored and what it is to decide by: ``--metric``, ``--threshold``, ``--cost``, ``--group-by``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.contracts import TaskData
from modaxfer.errors import ConfigError, DataError, close_matches
from modaxfer.registry import problem_spec
from modaxfer.spec import TaskSpec
from modaxfer.tasks.costs import read_costs

if TYPE_CHECKING:
    from modaxfer.metrics import CostMatrix

__all__ = [
    "AUTO",
    "cost_of",
    "known_cost",
    "refuse_decisions",
    "refuse_other_scores",
    "refuse_out_of_range",
    "refuse_undivided",
    "usual_scores",
    "with_asked_scores",
]

AUTO = "auto"
"""``--threshold``: chosen on validation rows where the primary metric asks for it."""

_LOOKED_AT = 100
"""Rows that are read where only their columns are asked for."""

NAMES = ("metric", "threshold", "cost", "group_by")


def usual_scores() -> dict[str, Any]:
    """Return these settings at their defaults, for runs of another task."""
    usual = RunConfig()
    return {name: getattr(usual, name) for name in NAMES}


def with_asked_scores(task: TaskSpec, config: RunConfig) -> TaskSpec:
    """Return `task` scored by the metrics asked for, and with the column that its rows are grouped by."""
    if config.metric:
        task = replace(task, metrics=tuple(dict.fromkeys(config.metric)), primary="")
    if config.group_by is not None and config.group_by not in task.keep:
        task = replace(task, keep=(*task.keep, config.group_by))
    return task


def refuse_decisions(config: RunConfig) -> None:
    """Refuse a threshold that is none, and one beside a cost matrix.

    Raises:
        ConfigError: It is one of these.
    """
    if config.threshold != AUTO:
        fix = "leave it out: what pays is chosen on validation rows"
        refuse_out_of_range(config.threshold, allowed="auto, or a number such as 0.3", fix=fix)
    if config.threshold != AUTO and config.cost is not None:
        raise ConfigError(
            "--cost decides by what is expected to cost least, so there is no threshold",
            got=f"--threshold {config.threshold} --cost {config.cost}",
            fix="leave one of them out",
        )


def refuse_other_scores(config: RunConfig, task: TaskSpec, data: TaskData) -> None:
    """Refuse metrics, thresholds, costs and groups that do not fit a task and its rows.

    Raises:
        UnknownNameError: There is no such metric.
        ConfigError: It does not apply to the task's problem, the classes have no threshold or no costs, or a metric
            compares groups that no column tells, or is to decide by them.
        DataError: The rows have no such column.
    """
    from modaxfer.metrics.choice import find_metric, needs_cost

    _refuse_ungrouped(config, task)
    problem, cost = task.target.problem, known_cost(config, task, data.classes)
    for name in config.metric or filter(needs_cost, task.metrics):
        find_metric(name, problem, cost=cost, groups=np.empty(0, object))
    if config.threshold != AUTO:
        fix = "leave it out; --cost FILE weighs mistakes between more classes"
        refuse_undivided(problem, len(data.classes), fix=fix)
    if config.group_by is not None and config.group_by not in data.splits["test"].column_names:
        there = _columns(config, task)
        close = close_matches(config.group_by, there)
        raise DataError(
            f"--group-by names a column that the rows do not have: {config.group_by!r}",
            allowed=there,
            fix=f"did you mean {' or '.join(close)}?" if close else "name a column of the rows",
        )


def _columns(config: RunConfig, task: TaskSpec) -> list[str]:
    """Return all columns of a task's rows, of which it reads those alone that it names: read again, for a message."""
    from modaxfer.data.cells.dotted import dotted_names
    from modaxfer.data.sources import find_rows
    from modaxfer.data.tables.draws import Draw
    from modaxfer.data.tables.gathering import Selection

    tables = find_rows(task, config.data_dir, Selection(draw=Draw(rows=_LOOKED_AT, seed=0))).tables
    table = tables.get("test", tables["train"])
    return [*table.column_names, *dotted_names(table)]


def _refuse_ungrouped(config: RunConfig, task: TaskSpec) -> None:
    """Refuse metrics that compare groups where no column tells these, or where one is to decide."""
    from modaxfer.metrics import default_metrics, needs_groups

    names = task.metrics or default_metrics(task.target.problem)
    grouped = [name for name in names if needs_groups(name)]
    if not grouped:
        return
    primary = task.primary or names[0]
    if primary in grouped:
        raise ConfigError(
            f"metric {primary} compares groups of rows and cannot decide: saying the same of every row pleases it",
            got=", ".join(names),
            allowed="it beside a metric that decides",
            fix=f"name that one first: --metric {default_metrics(task.target.problem)[0]} --metric {primary}",
        )
    if config.group_by is None:
        raise ConfigError(
            f"metric {grouped[0]} compares groups of rows, and no column tells them",
            got="no --group-by",
            allowed="a column of the rows, which need not be an input",
            fix="name it with --group-by COL, or leave the metric out",
        )


def refuse_out_of_range(threshold: str | float, *, allowed: str, fix: str) -> None:
    """Refuse a threshold that is no score.

    Args:
        threshold: As it was given.
        allowed: What may be given.
        fix: What to do instead.

    Raises:
        ConfigError: It is not between 0 and 1.
    """
    if not 0 < _number(threshold) < 1:
        what = "--threshold is a score between 0 and 1" + (", or auto" if AUTO in allowed else "")
        raise ConfigError(what, got=threshold, allowed=allowed, fix=fix)


def refuse_undivided(problem: str, classes: int, *, fix: str) -> None:
    """Refuse a threshold where there is nothing that it could divide.

    Args:
        problem: Registered name of what the target asks for.
        classes: How many there are.
        fix: What to do instead.

    Raises:
        ConfigError: A row has one of more than two classes, or a number, or a tag for each of its parts.
    """
    spec = problem_spec(problem)
    if spec.ragged or not (spec.link == "sigmoid" or (spec.link == "softmax" and classes == 2)):
        raise ConfigError(
            "--threshold is for two classes, or for labels that are each there or not",
            got=f"a {problem} problem" + (f" of {classes} classes" if classes else ""),
            fix=fix,
        )


def cost_of(config: RunConfig, task: TaskSpec, classes: tuple[str, ...]) -> CostMatrix:
    """Return the cost matrix by which is decided: `known_cost`, before which a threshold that is asked for goes.

    Raises:
        ConfigError: As `known_cost`.
    """
    return known_cost(config, task, classes) if config.threshold == AUTO else ()


def known_cost(config: RunConfig, task: TaskSpec, classes: tuple[str, ...]) -> CostMatrix:
    """Return what mistakes cost, true classes down: as asked for, else as the task says; empty where neither does.

    Raises:
        ConfigError: Rows have not one class each, or the file is not one of costs between these classes.
    """
    if config.cost is None:
        return task.cost
    if problem_spec(task.target.problem).link != "softmax":
        raise ConfigError(
            "--cost is for problems with one of several classes per row",
            got=f"a {task.target.problem} problem",
            fix="leave it out",
        )
    return read_costs(Path(config.cost).expanduser(), classes)


def _number(text: str | float) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0
