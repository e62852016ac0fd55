"""Which differences between finished runs are evidence: what ``evidence`` of compare.json holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.errors import ConfigError, DataError
from modaxfer.metrics import CostMatrix, needs_cost
from modaxfer.metrics.evidence import Drawn, difference, drawn_scores
from modaxfer.metrics.intervals import FEWEST_UNITS, RESAMPLES
from modaxfer.metrics.paired_tests import holm, mcnemar
from modaxfer.result import defined
from modaxfer.runner.compare.entries import Entry, entries_of_cells
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.ledger import CellRecord
from modaxfer.runner.compare.ranking import ranks_over
from modaxfer.runner.compare.rows import Contender, Shared, shared_rows

__all__ = ["LEVEL", "weigh", "weigh_cells"]

LEVEL = 0.05
"""Chance that any claim of a comparison is made where there is no difference."""


def weigh(entries: Sequence[Entry], *, metric: str | None = None, seed: int = 0) -> dict[str, Any]:
    """Compare every two ways of training on each task, and say which differences are evidence.

    Rows, or groups of rows that belong together, are drawn with seeds by the paired bootstrap; where rows are
    classified and each way was trained once, McNemar's test stands beside it, and decides where the metric is accuracy.
    P-values are Holm's over all pairs of the comparison. Which way is the best is chosen by validation, never by test.
    Over fewer than `modaxfer.metrics.intervals.FEWEST_UNITS` rows, or groups of them, nothing is evidence.

    Args:
        entries: Finished runs.
        metric: Decides on every task; None = each task's primary.
        seed: Of the draws.

    Returns:
        ``level``, ``resamples``, ``pairs`` (tests that Holm's correction counts), ``tasks``, ``ranks`` and ``notes``.

    Raises:
        DataError: No task has two ways of training, labels differ, or there is no row in common.
        ConfigError: The metric does not apply, or the runs of a task have another one each.
    """
    several, every = _several(entries), dict.fromkeys(entry.task for entry in entries)
    if not several:
        raise DataError(
            "no task has two runs to compare",
            got={task: sorted({each.contender for each in entries if each.task == task}) for task in every},
            fix="name runs of one task that differ in more than the seed",
        )
    tasks = [_task(task, found, metric, seed) for task, found in several.items()]
    return _together(tasks, [f"only one way of training was run on {task}" for task in every if task not in several])


def _several(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the entries of each task that has two ways of training or more."""
    by_task: dict[str, list[Entry]] = {}
    for entry in entries:
        by_task.setdefault(entry.task, []).append(entry)
    return {task: found for task, found in by_task.items() if len({entry.contender for entry in found}) > 1}


def _together(tasks: list[dict[str, Any]], notes: list[str]) -> dict[str, Any]:
    """Correct the p-values of all `tasks` together, and say what is evidence."""
    _correct([pair for task in tasks for pair in task["pairs"]])
    for task in tasks:
        if task["units"] < FEWEST_UNITS:  # a bootstrap over so few is too sure of itself
            task["pairs"] = [{**pair, "evidence": False} for pair in task["pairs"]]
        task["ties"] = _ties(task)
    told: dict[str, Any] = defined(
        {
            "level": LEVEL,
            "resamples": RESAMPLES,
            "pairs": sum(pair["p"] is not None for task in tasks for pair in task["pairs"]),
            "tasks": tasks,
            "ranks": ranks_over(tasks, LEVEL),
            "notes": notes,
        }
    )
    return told


def weigh_cells(folder: Path, cells: Sequence[CellRecord]) -> dict[str, Any] | None:
    """Return `weigh` of the completed cells of the comparison in `folder`, None where none has two ways of training.

    A task whose cells cannot be compared is a note with its reason; folders are named from the comparison's.
    """
    by_task = {task: [cell for cell in cells if cell.task == task] for task in dict.fromkeys(c.task for c in cells)}
    found = [_cells_of_task(folder, own) for own in by_task.values()]
    tasks, notes = [task for told, _ in found for task in told], [note for _, said in found for note in said]
    return _together(tasks, notes) if tasks or notes else None


def _cells_of_task(folder: Path, cells: Sequence[CellRecord]) -> tuple[list[dict[str, Any]], list[str]]:
    try:
        entries = entries_of_cells(folder, cells)
        by_task = _several(entries)
        tasks = [_task(task, found, None, 0) for task, found in by_task.items()]
    except (ConfigError, DataError) as error:
        return [], [f"no evidence on {label(cells[0].task)}: {' '.join(str(error).split())}"]
    for task in tasks:
        for each in task["contenders"]:
            each["runs"] = [Path(run).relative_to(folder).as_posix() for run in each["runs"]]
    return tasks, []


def _task(task: str, entries: Sequence[Entry], metric: str | None, seed: int) -> dict[str, Any]:
    shared = shared_rows(entries)
    decides = metric or _metric(task, shared)
    problem, cost = shared.contenders[0].runs[0].problem, _cost(task, shared, decides)
    drawn = {
        each.name: drawn_scores(
            each.splits, each.scored, decides, problem=problem, cost=cost, same_rows=shared.same_rows, seed=seed
        )
        for each in shared.contenders
    }
    contenders = [_told(each, drawn[each.name], decides) for each in shared.contenders]
    better = next(iter(drawn.values())).greater_is_better
    known = [each for each in contenders if each["validation"] is not None]
    chosen = None
    if len(known) == len(contenders):
        pick = max if better else min
        chosen = pick(known, key=lambda each: each["validation"])["name"]
    return {
        "task": task,
        "metric": decides,
        "greater_is_better": better,
        "rows": min(len(split.references) for each in shared.contenders for split in each.splits),
        "units": min(each.units for each in drawn.values()),
        "by": _by(shared),
        "chosen": chosen,
        "contenders": contenders,
        "pairs": [_pair(a, b, drawn, decides) for a, b in combinations(shared.contenders, 2)],
        "notes": list(shared.notes),
    }


def _told(contender: Contender, drawn: Drawn, metric: str) -> dict[str, Any]:
    held_out = [(run.result.metrics.get("validation") or {}).get(metric) for run in contender.runs]
    known = [value for value in held_out if value is not None]
    return {
        "name": contender.name,
        "runs": [str(run.folder) for run in contender.runs],
        "seeds": sorted({seed for seed, _ in contender.repeats}),
        "repeats": len(contender.repeats),
        "validation": float(np.mean(known)) if len(known) == len(held_out) else None,
        "test": drawn.value,
        "interval": list(drawn.interval),
    }


def _pair(first: Contender, second: Contender, drawn: dict[str, Drawn], metric: str) -> dict[str, Any]:
    found, p = difference(drawn[first.name], drawn[second.name])
    told: dict[str, Any] = {
        "first": first.name,
        "second": second.name,
        "difference": found.value,
        "interval": [found.low, found.high],
        "p": p,
        "test": "bootstrap",
    }
    test = _mcnemar(first, second)
    if test is None:
        return told
    if metric == "accuracy":
        told |= {"p": test["p"], "test": f"McNemar, {test['test']}"}
    return {**told, "mcnemar": test}


def _mcnemar(first: Contender, second: Contender) -> dict[str, Any] | None:
    """Test who is right more often, where rows have one class each and both ways were trained once."""
    split = first.splits[0]
    if len(first.splits) > 1 or len(second.splits) > 1 or split.references.ndim != 1:
        return None
    if not np.issubdtype(split.references.dtype, np.integer):
        return None
    right = [each.scored[0].predictions == split.references for each in (first, second)]
    found = mcnemar(right[0], right[1], split.clusters)
    return {"only_first": found.only_first, "only_second": found.only_second, "p": found.p, "test": found.test}


def _correct(pairs: Sequence[dict[str, Any]]) -> None:
    """Put Holm's p-values beside those of each test, and say what is evidence."""
    for pair, p in zip(pairs, holm([pair["p"] for pair in pairs]), strict=True):
        pair |= {"p_holm": p, "evidence": bool(p < LEVEL)}
    tested = [pair["mcnemar"] for pair in pairs if "mcnemar" in pair]
    for test, p in zip(tested, holm([test["p"] for test in tested]), strict=True):
        test["p_holm"] = p


def _ties(task: dict[str, Any]) -> list[str]:
    """Name the ways of training of which there is no evidence that they differ from the chosen one."""
    pairs = [pair for pair in task["pairs"] if task["chosen"] in (pair["first"], pair["second"])]
    return [
        pair["second"] if pair["first"] == task["chosen"] else pair["first"] for pair in pairs if not pair["evidence"]
    ]


def _metric(task: str, shared: Shared) -> str:
    found = sorted({str(run.result.primary) for each in shared.contenders for run in each.runs})
    if len(found) > 1:
        raise ConfigError(f"runs of {task} are decided by different metrics", got=found, fix="name one with --metric")
    return found[0]


def _cost(task: str, shared: Shared, metric: str) -> CostMatrix:
    """Return what mistakes cost, where the metric reads it: the same for all runs."""
    if not needs_cost(metric):
        return ()
    found = dict.fromkeys(run.cost for each in shared.contenders for run in each.runs if run.cost)
    if len(found) > 1:
        raise ConfigError(
            f"runs of {task} are scored by different cost matrices",
            got=[[list(row) for row in cost] for cost in found],
            fix="train them with one --cost, or name another metric with --metric",
        )
    return next(iter(found), ())


def _by(shared: Shared) -> str:
    told = [(run.result.data.get("resampled") or {}).get("by") for each in shared.contenders for run in each.runs]
    return next((by for by in told if by), "")
