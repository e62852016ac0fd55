"""What sharing one encoder did to each task: its score beside that of the same task trained by itself.

A gain or a harm needs the 95 % interval of the paired difference (shared minus alone, on the same rows) on one side of
zero; which side is better is the metric's to say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.phrases import listed
from modaxfer.reports.scores import Interval, greater_is_better, interval_of, score_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modaxfer.result import Result

__all__ = ["EFFECTS", "SharedTask", "shared_tasks", "sharing_clause", "short_names"]

EFFECTS = {
    Outcome.BEATS: "✓ gain",
    Outcome.NO_EVIDENCE: "≈ no evidence",
    Outcome.FALLS_SHORT: "✗ harm",
    Outcome.NO_INTERVAL: "? no interval, so no claim",
}
"""What stands beside a task's scores."""

NOT_ALONE = "not trained alone"

_CLAUSES = {
    Outcome.BEATS: "sharing gains on {}",
    Outcome.FALLS_SHORT: "sharing harms {}",
    Outcome.NO_EVIDENCE: "no evidence that sharing changes {}",
    Outcome.NO_INTERVAL: "no interval, so no claim about {}",
}


@dataclass(frozen=True, kw_only=True)
class SharedTask:
    """One task of a shared model."""

    id: str
    name: str
    """Its id, without the namespace while that is unique."""
    run: str
    """Its folder inside the run."""
    metric: str
    """Its own primary metric."""
    greater_is_better: bool
    test: float | None
    interval: Interval | None
    alone: float | None
    """The score where the task was trained by itself; None where it was not."""
    difference: Interval | None
    """95 % interval of shared minus alone, in the metric's own sign."""
    outcome: Outcome
    """``BEATS`` where sharing is better, whichever direction that is."""

    @property
    def effect(self) -> str:
        """Gain, harm, no evidence, or why nothing can be said."""
        return NOT_ALONE if self.alone is None else EFFECTS[self.outcome]


def shared_tasks(result: Result) -> tuple[SharedTask, ...]:
    """Return the tasks of a shared `result`, in the order stored; empty where it is not one."""
    names = short_names(result.tasks)
    found = []
    for name, (task, stored) in zip(names, result.tasks.items(), strict=True):
        metric = str(stored.get("primary", ""))
        better = greater_is_better(result, metric)
        difference = interval_of(stored.get("difference"))
        found.append(
            SharedTask(
                id=str(task),
                name=name,
                run=str(stored.get("run") or ""),
                metric=metric,
                greater_is_better=better,
                test=score_of(stored.get("test")),
                interval=interval_of(stored.get("interval")),
                alone=score_of(stored.get("alone")),
                difference=difference,
                outcome=compare(difference, 0.0, greater_is_better=better),
            )
        )
    return tuple(found)


def sharing_clause(result: Result) -> str:
    """Say what sharing did to each task; empty where `result` is not of a shared model."""
    tasks = shared_tasks(result)
    known = [task for task in tasks if task.alone is not None]
    told = [(outcome, [task.name for task in known if task.outcome is outcome]) for outcome in Outcome]
    clauses = [_CLAUSES[outcome].format(listed(names)) for outcome, names in told if names]
    unknown = [task.name for task in tasks if task.alone is None]
    if unknown:
        clauses.append(f"what sharing did to {listed(unknown)} is not known, for want of a training of each by itself")
    return "; ".join(clauses)


def short_names(ids: Iterable[str]) -> tuple[str, ...]:
    """Return each id without its namespace, whole where two would be alike."""
    ids = [str(name) for name in ids]
    count = Counter(name.rpartition("/")[2] for name in ids)
    return tuple(short if count[short := name.rpartition("/")[2]] == 1 else name for name in ids)
