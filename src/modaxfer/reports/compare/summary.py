"""What a comparison found, by task: combinations over their seeds, beside what they have to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from modaxfer.reports.claims import Outcome
from modaxfer.reports.headline import comparisons, is_sample
from modaxfer.reports.scores import greater_is_better, interval_of, interval_text, number, simple_model
from modaxfer.result import Result
from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["Combination", "TaskSummary", "as_result", "summarise"]

BASELINES = ("chance", "majority", "simple", "scratch")


@dataclass(frozen=True)
class Combination:
    """One encoder with one strategy on one task, over its seeds."""

    encoder: str
    strategy: str
    cells: tuple[CellRecord, ...]
    planned: int
    """How many cells it has in the grid."""

    @cached_property
    def completed(self) -> tuple[CellRecord, ...]:
        """Cells that were scored."""
        return tuple(cell for cell in self.cells if cell.status == "completed")

    @property
    def status(self) -> str:
        """``completed`` where any seed was, else ``failed``, ``refused`` or, where none has ended, ``waiting``."""
        found = {cell.status for cell in self.cells}
        return next((status for status in ("completed", "failed", "refused") if status in found), "waiting")

    @cached_property
    def scores(self) -> tuple[float, ...]:
        """Primary test score of each seed that has one."""
        return tuple(cell.score for cell in self.completed if cell.score is not None)

    @property
    def mean(self) -> float | None:
        """Mean score over seeds."""
        return fmean(self.scores) if self.scores else None

    @property
    def validation(self) -> float | None:
        """Mean validation score over seeds, of the metric that decides; None where one has none."""
        found = [(cell.metrics.get("validation") or {}).get(cell.primary) for cell in self.completed]
        known = [float(value) for value in found if value is not None]
        return fmean(known) if known and len(known) == len(found) else None

    @property
    def spread(self) -> str:
        """Lowest and highest of several seeds; of one seed, the 95 % interval over its test rows."""
        if len(self.scores) > 1:
            return f"{number(min(self.scores))} to {number(max(self.scores))}"
        return next((interval_text(interval_of(cell.intervals.get(cell.primary or ""))) for cell in self.completed), "")

    @property
    def seconds(self) -> float:
        """Time of all its runs."""
        return sum(cell.seconds or 0.0 for cell in self.completed)

    @property
    def bridge(self) -> str:
        """Short name of the bridge; of several encoders, or tasks, one for each."""
        return ", ".join(dict.fromkeys(_short(cell.bridge) for cell in self.completed))

    @property
    def reason(self) -> str:
        """Why cells of it have no score, one reason after another."""
        return " ".join(dict.fromkeys(cell.reason or "" for cell in self.cells if cell.status != "completed"))

    def outcome(self, baseline: str) -> Outcome | None:
        """Say what all seeds agree on against `baseline`: no evidence where they do not; None where it is unknown."""
        compared = (item for cell in self.completed for item in comparisons(as_result(cell)))
        found = {item.outcome for item in compared if item.baseline == baseline}
        return (found.pop() if len(found) == 1 else Outcome.NO_EVIDENCE) if found else None

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Scores by task where several tasks share the encoder, of its first seed: ``task``, ``score``, ``alone``."""
        shared = self.completed[0].tasks if self.completed else {}
        return [
            {"task": name.rpartition("/")[2], "score": found.get("test"), "alone": found.get("alone")}
            for name, found in shared.items()
        ]


@dataclass(frozen=True, kw_only=True)
class TaskSummary:
    """All combinations on one task."""

    task: str
    metric: str
    """The one that decides; empty where nothing was scored."""
    greater_is_better: bool
    baselines: dict[str, float]
    """Mean over all scored cells: test splits of different seeds differ."""
    simple: str
    """Name of the simple baseline's model."""
    test_rows: int | None
    sample: bool
    """Whether the rows were a small sample that the project made."""
    combinations: tuple[Combination, ...]

    @property
    def encoders(self) -> tuple[str, ...]:
        """Encoders, in the order of the grid."""
        return tuple(dict.fromkeys(found.encoder for found in self.combinations))

    @property
    def strategies(self) -> tuple[str, ...]:
        """Strategies, in the order of the grid."""
        return tuple(dict.fromkeys(found.strategy for found in self.combinations))

    def at(self, encoder: str, strategy: str) -> Combination | None:
        """Return one combination, None where the grid has it not."""
        places = (found for found in self.combinations if (found.encoder, found.strategy) == (encoder, strategy))
        return next(places, None)

    @property
    def ranked(self) -> list[Combination]:
        """Combinations that have a score, the best first."""
        scored = [(found.mean, found) for found in self.combinations if found.mean is not None]
        return [found for _, found in sorted(scored, key=lambda pair: pair[0], reverse=self.greater_is_better)]

    @property
    def by_validation(self) -> list[Combination]:
        """The same, the best on validation first and those without a validation score last; of equals the grid's first.

        Test scores decide nothing here, not even between equals: they would be chosen by.
        """
        sign = -1 if self.greater_is_better else 1

        def key(found: Combination) -> tuple[bool, float]:
            return found.validation is None, sign * (found.validation or 0.0)

        return sorted((found for found in self.combinations if found.mean is not None), key=key)

    @property
    def best(self) -> Combination | None:
        """The combination that is the best on validation: the best on test would be the luckiest of several.

        None where any that is scored has no validation score.
        """
        ordered = self.by_validation
        return ordered[0] if ordered and ordered[-1].validation is not None else None

    def place(self, score: float) -> float:
        """Return where `score` lies between chance (0) and the best of the task (1); below chance is 0."""
        best = self.ranked[0].mean if self.ranked else None
        floor = self.baselines.get("chance")
        if best is None:
            return 0.0
        if floor is None:
            floor = self.ranked[-1].mean or 0.0
        span = best - floor
        reached = (score - floor) / span if span and (span > 0) == self.greater_is_better else 0.0
        return min(1.0, max(0.0, reached))


def summarise(
    cells: Sequence[CellRecord], planned: Sequence[tuple[str, str, str, int]] = ()
) -> tuple[TaskSummary, ...]:
    """Group `cells` by task, encoder and strategy, in their order.

    Args:
        cells: Cells that have ended.
        planned: Keys of all cells of the grid, those that have not ended among them.
    """
    keys = planned or [cell.key for cell in cells]
    tasks = dict.fromkeys(task for _, _, task, _ in keys)
    return tuple(_summary(task, [cell for cell in cells if cell.task == task], keys) for task in tasks)


def as_result(cell: CellRecord) -> Result:
    """Return what `cell` holds of its run's result, for those who read results."""
    return Result(
        status=cell.status,
        encoder={"id": cell.encoder, "checkpoint": cell.checkpoint},
        bridge=cell.bridge,
        strategy=cell.strategy,
        task=cell.task,
        metrics=cell.metrics,
        intervals=cell.intervals,
        baselines=cell.baselines,
        data=cell.data,
        seed=cell.seed,
        error=cell.reason,
    )


def _summary(task: str, cells: Sequence[CellRecord], keys: Sequence[tuple[str, str, str, int]]) -> TaskSummary:
    scored = [cell for cell in cells if cell.status == "completed"]
    first = scored[0] if scored else None
    places = dict.fromkeys((encoder, strategy) for encoder, strategy, on, _ in keys if on == task)
    return TaskSummary(
        task=task,
        metric=(first.primary or "") if first else "",
        greater_is_better=greater_is_better(as_result(first), first.primary) if first and first.primary else True,
        baselines=_baselines(scored),
        simple=simple_model(as_result(first)) if first else "",
        test_rows=(first.data.get("rows") or {}).get("test") if first else None,
        sample=any(is_sample(as_result(cell)) for cell in scored),
        combinations=tuple(
            Combination(
                encoder,
                strategy,
                tuple(cell for cell in cells if (cell.encoder, cell.strategy) == (encoder, strategy)),
                sum(key[:3] == (encoder, strategy, task) for key in keys),
            )
            for encoder, strategy in places
        ),
    )


def _baselines(cells: Sequence[CellRecord]) -> dict[str, float]:
    found = {
        name: [
            value
            for cell in cells
            if isinstance(value := (cell.baselines.get(name) or {}).get(cell.primary), int | float)
        ]
        for name in BASELINES
    }
    return {name: fmean(values) for name, values in found.items() if values}


def _short(bridges: str) -> str:
    return " + ".join(bridge.strip().rpartition("/")[2] for bridge in bridges.split("+"))
