"""Scores over folds and over few-shot episodes, in rows and words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.reports.scores import Interval, baseline_label, interval_of, interval_text, number, score_of

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = ["Repeated", "RepeatedRow", "repeated", "repeated_lines"]

MOST_COLUMNS = 6
"""More runs than that are told by the lowest and the highest score."""


@dataclass(frozen=True, kw_only=True)
class RepeatedRow:
    """One test metric over several runs."""

    metric: str
    primary: bool
    values: tuple[float | None, ...]
    mean: float | None
    deviation: float | None
    """Standard deviation, with n - 1."""
    interval: Interval | None
    """95 % interval of the mean."""
    pooled: float | None = None
    """Score of the rows of all folds together; None for episodes."""
    pooled_interval: Interval | None = None
    baselines: Mapping[str, float]
    """Mean over folds of each baseline that has a value of this metric."""

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Lowest and highest value; None where none is known."""
        known = [value for value in self.values if value is not None]
        return (min(known), max(known)) if known else (None, None)


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """The runs beside one, and every test metric over them."""

    title: str
    name: str
    """What one of the runs is: ``fold``."""
    numbers: tuple[int, ...]
    """Of the runs that are finished."""
    what: str
    """``5 folds over 300 rows``, ``8 shots per class, 10 episodes``."""
    caption: str
    rows: tuple[RepeatedRow, ...]
    """The primary metric first."""
    baselines: Mapping[str, str]
    """Label of each baseline by name."""
    predictions: str = ""
    """File with the predictions of all rows."""

    @property
    def is_wide(self) -> bool:
        """Whether there are too many runs for a column each."""
        return len(self.numbers) > MOST_COLUMNS

    @property
    def is_pooled(self) -> bool:
        """Whether the runs are scored together, too."""
        return any(row.pooled is not None for row in self.rows)


def repeated(result: Result) -> tuple[Repeated, ...]:
    """Return what `result` says of folds and of episodes; nothing for a run that has neither."""
    return tuple(found for found in (_folds(result), _episodes(result)) if found is not None)


def repeated_lines(result: Result) -> list[str]:
    """Return the primary metric over folds and episodes in lines of plain text."""
    lines = []
    for found in repeated(result):
        row = found.rows[0]
        low, high = row.ends
        values = f"{number(low)} to {number(high)}" if found.is_wide else ", ".join(map(number, row.values))
        sure = f" {interval_text(row.interval)}" if row.interval else ""
        spread = f"mean {number(row.mean)}{sure}, standard deviation {number(row.deviation)}"
        lines.append(f"{found.what}: test {row.metric} {values}; {spread}")
        if found.is_pooled:
            beside = [f"{label} {number(row.baselines[name])}" for name, label in found.baselines.items()]
            sure = f" {interval_text(row.pooled_interval)}" if row.pooled_interval else ""
            lines.append(", ".join([f"all folds together: {row.metric} {number(row.pooled)}{sure}", *beside]))
    return lines


def _folds(result: Result) -> Repeated | None:
    stored = result.folds
    if not stored:
        return None
    numbers, count = tuple(stored.get("folds", ())), stored.get("count")
    done = f"{len(numbers)} of {count} folds" if len(numbers) != count else f"{count} folds"
    rows = _rows(result, stored)
    return Repeated(
        title="Cross-validation",
        name="fold",
        numbers=numbers,
        what=f"{done}, {stored.get('rows', 0):,} rows",
        caption="Every row is predicted once, by a model that was not trained on it. The interval of the mean is 95 % "
        "and allows for folds that share training rows (Nadeau and Bengio 2003).",
        rows=rows,
        baselines={
            name: baseline_label(result, name, model=False)
            for name in stored.get("baselines") or {}
            if rows and name in rows[0].baselines
        },
        predictions=str(stored.get("predictions", "")),
    )


def _episodes(result: Result) -> Repeated | None:
    stored = result.episodes
    if not stored:
        return None
    numbers = tuple(stored.get("episodes", ()))
    return Repeated(
        title="Few-shot episodes",
        name="episode",
        numbers=numbers,
        what=f"{stored.get('shots')} rows per class, {len(numbers)} episodes",
        caption="Each episode draws other training rows and is scored on the same test split; everything else on this "
        "page is of the first one. The interval is that of the mean over draws, 95 %, for this test split.",
        rows=_rows(result, stored),
        baselines={},
    )


def _rows(result: Result, stored: Mapping[str, Any]) -> tuple[RepeatedRow, ...]:
    test, primary = stored.get("test") or {}, result.metrics.get("primary")
    names: Sequence[str] = sorted(test, key=lambda name: name != primary)
    return tuple(
        RepeatedRow(
            metric=name,
            primary=name == primary,
            values=tuple(map(score_of, test[name])),
            mean=score_of(_of(stored, "mean", name)),
            deviation=score_of(_of(stored, "std", name)),
            interval=interval_of(_of(stored, "intervals", name)),
            pooled=score_of(_of(stored, "pooled", name)),
            pooled_interval=interval_of(_of(stored, "pooled_intervals", name)),
            baselines={
                baseline: float(values[name])
                for baseline, values in (stored.get("baselines") or {}).items()
                if score_of(values.get(name)) is not None
            },
        )
        for name in names
    )


def _of(stored: Mapping[str, Any], key: str, metric: str) -> Any:
    return (stored.get(key) or {}).get(metric)
