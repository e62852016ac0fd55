"""What a grid says of a recommendation: regret, places, cost, and how scores order encoders, beside simpler rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import Any

import numpy as np

from modaxfer.metrics import greater_is_better
from modaxfer.result import Result

__all__ = ["CLOSE", "SIMPLE", "regret", "summary", "task_facts", "tau"]

SIMPLE = "simple"
CLOSE = 0.01
RESAMPLES = 2000


def task_facts(task: str, made: Mapping[Any, Result], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return one task: its cells with their test scores, what was chosen, and what was said of each encoder.

    Args:
        task: Its name.
        made: By cell (with ``encoder`` and ``strategy``), the finished run.
        found: The content of recommend.json.
    """
    first = next(iter(made.values()))
    metric = first.primary
    by_place = {result.encoder["checkpoint"]: cell.encoder for cell, result in made.items()}
    grid = [
        {
            "encoder": cell.encoder,
            "checkpoint": result.encoder["checkpoint"] if "/" in cell.encoder else None,
            "strategy": cell.strategy,
            "score": result.metrics["test"][metric],
            "validation": (result.metrics["validation"] or {}).get(metric),
            "seconds": result.time_s["total"],
        }
        for cell, result in made.items()
    ]
    bar = first.baselines.get(SIMPLE, {}).get(metric)
    grid += (
        []
        if bar is None
        else [{"encoder": "", "checkpoint": None, "strategy": SIMPLE, "score": bar, "validation": None, "seconds": 0.0}]
    )
    plan = found["plan"]
    return {
        "task": task,
        "signals": sorted({cell["bridge"] for cell in found["candidates"].values() if cell["native"]}),
        "metric": metric,
        "greater_is_better": greater_is_better(metric),
        "rows": dict(first.data["rows"]),
        "cells": grid,
        "chosen": {"encoder": _short(plan["encoder"], by_place), "strategy": plan["strategy"]},
        "expected": plan["expected"],
        "interval": plan["interval"],
        "spent_s": found["spent_s"],
        "said": _said(found, by_place),
    }


def _said(found: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return by score what it says of each encoder, greater is better; size and the prior among them."""
    said: dict[str, dict[str, float]] = {}
    priors = {each["name"]: each["prior"] for each in found["order"]}
    for name, known in found["candidates"].items():
        encoder = _short(name, names)
        said.setdefault("size", {})[encoder] = known["log_parameters"]
        said.setdefault("prior", {})[encoder] = -priors[name]
        for score, value in known["scores"].items():
            if value["value"] is not None:
                said.setdefault(score.rpartition("/")[2], {})[encoder] = value["value"]
    return said


def _short(name: str, names: Mapping[str, str]) -> str:
    return names.get(name, name)


def summary(tasks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return shares of tasks, cost, and by rule its regret, all beside the recommendation's own."""
    rules: dict[str, Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]] = {
        "recommend": lambda task: [_cell(task, task["chosen"])],
        "largest encoder": lambda task: _of_encoder(task, _best_said(task, "size")),
        "random pick": lambda task: [*task["cells"]],
        "default of the modality": lambda task: _default(task, tasks),
        "whole grid by validation": lambda task: [_best_on_validation(task)],
    }
    return {
        "rules": {name: _rule([(task, rule(task)) for task in tasks]) for name, rule in rules.items()},
        "cost": {
            "share": sum(task["spent_s"] for task in tasks) / sum(_grid_seconds(task) for task in tasks),
            "by_task": {task["task"]: task["spent_s"] / _grid_seconds(task) for task in tasks},
        },
        "in_interval": mean(_in_interval(task) for task in tasks),
        "tau": {name: _taus(tasks, name) for name in dict.fromkeys(key for task in tasks for key in task["said"])},
    }


def _rule(picked: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]) -> dict[str, float]:
    """Return what a rule comes to; where it picks any of several cells, the mean over these."""
    regrets = [[regret(task, cell) for cell in cells] for task, cells in picked]
    places = [[_place(task, cell) for cell in cells] for task, cells in picked]
    return {
        "close": mean(mean(each <= CLOSE for each in own) for own in regrets),
        "regret": mean(mean(own) for own in regrets),
        "relative_regret": mean(
            mean(each / max(abs(_best(task)), 1e-9) for each in own)
            for own, (task, _) in zip(regrets, picked, strict=True)
        ),
        "top_1": mean(mean(place == 1 for place in own) for own in places),
        "top_3": mean(mean(place <= 3 for place in own) for own in places),
    }


def regret(task: Mapping[str, Any], cell: Mapping[str, Any]) -> float:
    """Return by how much the best measured cell of a task is better than `cell`."""
    return _best(task) - _turned(task, cell)


def _best(task: Mapping[str, Any]) -> float:
    return max(_turned(task, cell) for cell in task["cells"])


def _turned(task: Mapping[str, Any], cell: Mapping[str, Any]) -> float:
    return float(cell["score"]) * (1 if task["greater_is_better"] else -1)


def _place(task: Mapping[str, Any], cell: Mapping[str, Any]) -> int:
    return 1 + sum(_turned(task, other) > _turned(task, cell) for other in task["cells"])


def _cell(task: Mapping[str, Any], named: Mapping[str, str]) -> Mapping[str, Any]:
    return next(cell for cell in task["cells"] if all(cell[key] == named[key] for key in ("encoder", "strategy")))


def _of_encoder(task: Mapping[str, Any], encoder: str) -> list[Mapping[str, Any]]:
    return [cell for cell in task["cells"] if cell["encoder"] == encoder]


def _best_said(task: Mapping[str, Any], score: str) -> str:
    said = task["said"][score]
    return max(said, key=lambda encoder: said[encoder])


def _default(task: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the cell with the best mean place on the other tasks that have the same cells; all where there is none."""
    names = {(cell["encoder"], cell["strategy"]) for cell in task["cells"]}
    others = [
        other
        for other in tasks
        if other is not task and names == {(cell["encoder"], cell["strategy"]) for cell in other["cells"]}
    ]
    if not others:
        return [*task["cells"]]
    return [min(task["cells"], key=lambda cell: mean(_place(other, _cell(other, cell)) for other in others))]


def _best_on_validation(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the cell that who runs the whole grid would keep; the simple bar has no validation score of its own."""
    sign = 1 if task["greater_is_better"] else -1
    return max(
        (cell for cell in task["cells"] if cell["validation"] is not None),
        key=lambda cell: sign * float(cell["validation"]),
    )


def _grid_seconds(task: Mapping[str, Any]) -> float:
    return sum(float(cell["seconds"]) for cell in task["cells"])


def _in_interval(task: Mapping[str, Any]) -> bool:
    low, high = task["interval"]
    return bool(low <= _cell(task, task["chosen"])["score"] <= high)


def _taus(tasks: Sequence[Mapping[str, Any]], score: str) -> dict[str, Any]:
    """Return the mean weighted tau of a score over tasks, with a bootstrap over these."""
    values = np.array([value for task in tasks if (value := tau(task, score)) is not None])
    if not len(values):
        return {"mean": None, "interval": None, "tasks": 0}
    rng = np.random.default_rng(0)
    drawn = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(1)
    return {
        "mean": float(values.mean()),
        "interval": [float(end) for end in np.quantile(drawn, (0.025, 0.975))],
        "tasks": len(values),
    }


def tau(task: Mapping[str, Any], score: str) -> float | None:
    """Return how a score orders encoders as their best cells do (Vigna 2015); None where it says too little."""
    from scipy.stats import weightedtau

    said = task["said"].get(score, {})
    best = {
        encoder: max(_turned(task, cell) for cell in _of_encoder(task, encoder))
        for encoder in said
        if _of_encoder(task, encoder)
    }
    if len(best) < 3 or len({said[encoder] for encoder in best}) == 1:
        return None
    value = float(weightedtau([best[encoder] for encoder in best], [said[encoder] for encoder in best]).statistic)
    return None if np.isnan(value) else value
