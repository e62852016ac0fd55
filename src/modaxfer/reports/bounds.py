"""The bounds of a run that adapts: the same plan without adaptation, and one that knows the task's labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.claims import Outcome, compare
from modaxfer.reports.scores import Interval, baseline_label, interval_of, interval_text, number, score_of, score_rows

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["BOUNDS", "Bound", "BoundWords", "bound_lines", "bound_words", "bounds"]

BOUNDS = ("source_only", "target_oracle")
"""Names of these baselines, the lower one first."""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """One run that an adapting one is measured against, in the primary metric."""

    label: str
    value: float | None
    interval: Interval | None
    """95 % interval of its own test score."""
    difference: Interval | None
    """95 % interval of the run minus it, on the same rows."""
    outcome: Outcome
    run: str
    """Its folder."""


@dataclass(frozen=True, kw_only=True)
class BoundWords:
    """What the part on bounds is called, and what they are."""

    title: str
    what: str


def bound_words(result: Result) -> BoundWords:
    """Return what to say of the bounds of `result`: one that adapts, or one that learned a source task first."""
    if result.before:
        return BoundWords(
            title="What the source alone knows",
            what="Source only is the model that the source stage left, as it is, on the same test rows",
        )
    return BoundWords(
        title="What adaptation gained",
        what="Source only is the same plan without adaptation, the target oracle one that was trained on the task's own"
        " labels, in as many steps",
    )


def bounds(result: Result) -> tuple[Bound, ...]:
    """Return the bounds that were measured; none of a run that adapts to nothing."""
    row = next((row for row in score_rows(result) if row.primary), None)
    found = []
    for name in BOUNDS if row is not None else ():
        stored = result.baselines.get(name)
        if not stored:
            continue
        assert row is not None, "asked above"
        difference = interval_of((stored.get("difference") or {}).get(row.name))
        found.append(
            Bound(
                label=baseline_label(result, name),
                value=score_of(stored.get(row.name)),
                interval=interval_of((stored.get("interval") or {}).get(row.name)),
                difference=difference,
                outcome=compare(difference, 0.0, greater_is_better=row.greater_is_better),
                run=str(stored.get("run", "")),
            )
        )
    return tuple(found)


def bound_lines(result: Result) -> list[list[str]]:
    """Return a row of text per bound, and one of the run between them."""
    found = bounds(result)
    row = next((row for row in score_rows(result) if row.primary), None)
    if not found or row is None:
        return []
    cells = [
        [
            bound.label,
            f"{row.name} {number(bound.value)}",
            interval_text(bound.interval),
            f"this run minus it {interval_text(bound.difference)}" if bound.difference else "",
        ]
        for bound in found
    ]
    own = ["this run", f"{row.name} {number(row.test)}", interval_text(row.interval), ""]
    # Between the lower and the upper bound, where both are there.
    return [*cells[:1], own, *cells[1:]]
