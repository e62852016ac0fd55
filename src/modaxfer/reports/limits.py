"""What a run does not show: the sentences that a reader of a model card needs most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from modaxfer.reports.ablation import parts_alone
from modaxfer.reports.claims import Outcome
from modaxfer.reports.headline import comparisons, is_sample
from modaxfer.reports.predictions import class_scores
from modaxfer.reports.scores import number
from modaxfer.reports.shared import shared_tasks
from modaxfer.reports.transfer import gains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.reports.predictions import ClassScore, Predictions
    from modaxfer.reports.shared import SharedTask
    from modaxfer.result import Result

__all__ = ["limits"]

FEW_ROWS = 30
"""Below this many test rows a class's own scores are hardly more than anecdotes."""


def limits(result: Result, predictions: Predictions | None) -> tuple[str, ...]:
    """Return what `result` gives no ground to claim, the gravest first."""
    found = []
    if is_sample(result):
        found.append("Trained and scored on a made-up sample: it says nothing about real data.")
    found += _adaptation(result)
    found += [_useless(item.baseline, item.outcome, staged=bool(result.before)) for item in comparisons(result)]
    found += _parts(result)
    found += [f"Sharing harms {task.name}: train it by itself." for task in shared_tasks(result) if _harmed(task)]
    found += [
        f"Not shown to gain anything from {gain.step.said}: {gain.step.rival} may do."
        for gain in gains(result)
        if gain.outcome is not Outcome.BEATS
    ]
    found += _classes(class_scores(predictions)) if predictions else []
    rows = None if result.tasks else (result.data.get("rows") or {}).get("test")
    scored = f" on {rows:,} rows" if rows else " each task on its own rows" if result.tasks else ""
    found.append(f"Scored{scored} from one source only; other sources, times and populations were not tried.")
    return tuple(sentence for sentence in found if sentence)


def _adaptation(result: Result) -> list[str]:
    told = result.data.get("adaptation") or {}
    if not told.get("hidden") or "target" not in str(told.get("validated_on")):
        return []
    return ["Epochs were chosen by labels of the task, which a task without labels does not have: expect less there."]


def _useless(baseline: str, outcome: Outcome, *, staged: bool) -> str:
    if outcome is Outcome.BEATS or baseline not in ("chance", "majority", "simple", "source_only"):
        return ""
    if baseline == "source_only" and staged:
        return "Learning the task is not shown to help: what the source stage left may do as well."
    if baseline == "source_only":
        return "Adaptation is not shown to help: training on the source alone may do as well."
    if baseline == "simple":
        return "Not shown to be better than the simple bar, which costs far less: prefer that one."
    return f"Not shown to be better than {baseline}: do not use it."


def _parts(result: Result) -> list[str]:
    unproven = (Outcome.NO_EVIDENCE, Outcome.FALLS_SHORT)
    names = [part.name for part in parts_alone(result) if part.outcome in unproven]
    return [f"Not shown to be better with all parts than with {name} alone." for name in names]


def _harmed(task: SharedTask) -> bool:
    return task.alone is not None and task.outcome is Outcome.FALLS_SHORT


def _classes(rows: Sequence[ClassScore]) -> list[str]:
    found = []
    scored = [row for row in rows if row.support and not math.isnan(row.f1)]
    if len(scored) > 1:
        worst = min(scored, key=lambda row: row.f1)
        found.append(f"Weakest class: {worst.name}, F1 {number(worst.f1)} on {worst.support} test rows.")
    absent = [row.name for row in rows if not row.support]
    if absent:
        found.append(f"Never tested, for want of test rows: {_some(absent)}.")
    few = [row.name for row in rows if 0 < row.support < FEW_ROWS]
    if few:
        found.append(f"Fewer than {FEW_ROWS} test rows, so hardly tested: {_some(few)}.")
    return found


def _some(names: Sequence[str], count: int = 8) -> str:
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return f"{', '.join(names[:count])}{more}"
