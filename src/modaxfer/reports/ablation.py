"""What each part of a row is worth to a fused model: its score with all parts beside its score with one alone.

A claim needs the 95 % interval of the paired difference (all parts minus the one, on the same rows) on one side of
zero. The model is the same in every line: what a model trained on that part alone would reach is another question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.scores import Interval, greater_is_better, interval_of, score_of

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["PART_CLAIMS", "PartAlone", "parts_alone", "parts_clause"]

PART_CLAIMS = {
    Outcome.BEATS: "✓ all parts do better",
    Outcome.NO_EVIDENCE: "≈ no evidence of a difference",
    Outcome.FALLS_SHORT: "✗ this part alone does better",
    Outcome.NO_INTERVAL: "? no interval of the difference, so no claim",
}
"""What stands beside a part's score."""

_CLAUSES = {
    Outcome.BEATS: "all parts do better than {} alone",
    Outcome.NO_EVIDENCE: "no evidence that all parts do better than {} alone",
    Outcome.FALLS_SHORT: "all parts do worse than {} alone",
    Outcome.NO_INTERVAL: "no interval, so no claim about {} alone",
}


@dataclass(frozen=True, kw_only=True)
class PartAlone:
    """A fused model that is given one part of each test row."""

    name: str
    value: float | None
    """Primary metric on test."""
    interval: Interval | None
    difference: Interval | None
    """95 % interval of all parts minus this one alone, in the metric's own sign."""
    outcome: Outcome
    """``BEATS`` where all parts are better, whichever direction that is."""


def parts_alone(result: Result) -> tuple[PartAlone, ...]:
    """Return the ablation of `result` in its primary metric, in the order stored; empty where there is none."""
    primary = str(result.metrics.get("primary", ""))
    better = greater_is_better(result, primary)
    found = []
    for name, stored in result.ablation.items():
        metrics, intervals, differences = (
            values if isinstance(values := stored.get(key), Mapping) else {}
            for key in ("metrics", "intervals", "difference")
        )
        difference = interval_of(differences.get(primary))
        found.append(
            PartAlone(
                name=str(name),
                value=score_of(metrics.get(primary)),
                interval=interval_of(intervals.get(primary)),
                difference=difference,
                outcome=compare(difference, 0.0, greater_is_better=better),
            )
        )
    return tuple(found)


def parts_clause(result: Result) -> str:
    """Say what all parts bring over each one; empty where there is no ablation."""
    parts = parts_alone(result)
    told = [(outcome, [part.name for part in parts if part.outcome is outcome]) for outcome in Outcome]
    return "; ".join(_CLAUSES[outcome].format(" or ".join(names)) for outcome, names in told if names)
