"""The scores of a result as rows, one per metric, and how numbers are written in every report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeGuard

from modaxfer.errors import AmbiguousNameError, UnknownNameError
from modaxfer.registry import problem_spec, registry
from modaxfer.runner.kinds import baseline_labels
from modaxfer.spec import SPLITS, MetricSpec, ProblemSpec

if TYPE_CHECKING:
    from modaxfer.result import Result

__all__ = [
    "Interval",
    "ScoreRow",
    "amount",
    "baseline_label",
    "baselines_present",
    "duration",
    "greater_is_better",
    "interval_of",
    "interval_text",
    "memory",
    "number",
    "operations",
    "posed",
    "score_of",
    "score_rows",
    "signed",
    "simple_model",
    "told_once",
]

Interval = tuple[float, float]

ABSENT = "-"

_THOUSANDS = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
"""Prefixes of the powers of a thousand."""

_LABELS = {
    "chance": "chance",
    "majority": "majority",
    "simple": "simple",
    **baseline_labels(),
}
_TWINS = {"recall_macro": "balanced_accuracy"}
"""What of single labels is another metric by its name; shown once, unless it decides."""
_LOWER_IS_BETTER = frozenset({"rmse", "mse", "mae", "mape", "log_loss", "brier_score", "max_error"})


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """One metric of a run; a value that was not measured is None."""

    name: str
    primary: bool
    greater_is_better: bool
    train: float | None = None
    validation: float | None = None
    test: float | None = None
    interval: Interval | None = None
    """95 % bootstrap interval of the test value."""
    baselines: Mapping[str, float]
    """Only baselines that have a value of this metric."""


def score_rows(result: Result) -> tuple[ScoreRow, ...]:
    """Return the metrics of `result`, the primary first, the others in the order of the test split.

    Of two that are one by definition, such as ``recall_macro`` and ``balanced_accuracy`` of single labels, one is left.
    """
    splits = {split: _numbers(result.metrics.get(split)) for split in SPLITS}
    primary = str(result.metrics.get("primary", ""))
    names = dict.fromkeys(name for split in reversed(SPLITS) for name in splits[split])
    twins = {
        name for name in _TWINS if all(splits[split].get(name) == splits[split].get(_TWINS[name]) for split in SPLITS)
    }
    ordered = sorted((name for name in names if name == primary or name not in twins), key=lambda name: name != primary)
    return tuple(
        ScoreRow(
            name=name,
            primary=name == primary,
            greater_is_better=greater_is_better(result, name),
            interval=interval_of(result.intervals.get(name)),
            baselines=_baselines(result, name, primary),
            **{split: splits[split].get(name) for split in SPLITS},
        )
        for name in ordered
    )


def told_once(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of `metrics`, the one that decides first; of two that are one by definition, the usual one."""
    first = next(iter(metrics), "")
    return [
        name
        for name, value in metrics.items()
        if name == first or name not in _TWINS or metrics.get(_TWINS[name]) != value
    ]


def greater_is_better(result: Result, metric: str) -> bool:
    """Say whether a larger value of `metric` is a better one.

    What the result states comes first, then the registered metric, then the usual error names, for a result whose
    plugin is not installed here.
    """
    stored = result.metrics.get("greater_is_better")
    if isinstance(stored, Mapping) and metric in stored:
        return bool(stored[metric])
    if isinstance(stored, bool) and metric == result.metrics.get("primary"):
        return stored
    spec = _metric(metric)
    return metric not in _LOWER_IS_BETTER if spec is None else spec.greater_is_better


def posed(result: Result) -> ProblemSpec | None:
    """Return what the target asks for: as stored, else by the metric; None where neither says it."""
    stored, metric = str(result.data.get("problem") or ""), _metric(str(result.metrics.get("primary", "")))
    names = (stored,) if stored else metric.problems if metric is not None else ()
    try:
        return problem_spec(names[0]) if len(names) == 1 else None
    except (AmbiguousNameError, UnknownNameError):
        return None


def baselines_present(rows: tuple[ScoreRow, ...]) -> tuple[str, ...]:
    """Return the baselines that have a value in any of `rows`, in the usual order."""
    found = {name for row in rows for name in row.baselines}
    return (*(name for name in _LABELS if name in found), *sorted(found - set(_LABELS)))


def baseline_label(result: Result, baseline: str, *, model: bool = True) -> str:
    """Return a baseline's name for people; the simple bar says which model it is, unless `model` is False."""
    label = _LABELS.get(baseline, baseline.replace("_", " "))
    if baseline == "majority" and (problem := posed(result)) is not None:
        label = problem.constant
    named = simple_model(result) if model and baseline == "simple" else ""
    return f"{label} ({named})" if named else label


def simple_model(result: Result) -> str:
    """Return the name of the simple bar's model, empty where it is not stated."""
    simple = result.baselines.get("simple")
    if not isinstance(simple, Mapping):
        return ""
    return next((str(simple[key]) for key in ("model", "name") if isinstance(simple.get(key), str)), "")


def interval_of(value: Any) -> Interval | None:
    """Read ``[low, high]``; None where `value` is anything else or an end is not a number."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return None
    low, high = (_number(end) if _is_number(end) else None for end in value)
    return None if low is None or high is None else (low, high)


def score_of(value: Any) -> float | None:
    """Read a stored score; None where it was not measured, is undefined or is no number."""
    return _number(value) if _is_number(value) else None


def signed(value: float, decimals: int = 3) -> str:
    """Write a difference with its sign and `decimals`; what is none at so many has no sign."""
    rounded = round(value, decimals)
    return f"{rounded:+.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def number(value: float | None) -> str:
    """Write a score: three decimals, fewer of a large one, digits of a small one, a dash where there is none.

    Errors are in the unit of the target, where 5,858,213 is read and 5.858e+06 is not; beyond ten digits it is the
    other way round.
    """
    if value is None or math.isnan(value):
        return ABSENT
    if 1e-12 < abs(value) < 5e-4:
        # An error in a small unit is not none; what is less still is 0 but for rounding.
        return f"{value:.3g}"
    value = 0.0 if abs(value) < 5e-4 else value  # no "-0.000"
    if abs(value) < 1e6:
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"
    return f"{value:,.0f}" if abs(value) < 1e10 else f"{value:.4g}"


def amount(value: float) -> str:
    """Write a number of the target's unit: four digits, all of those before the point."""
    return f"{value:.4g}" if abs(value) < 1000 or abs(value) >= 1e10 else f"{value:,.0f}"


def interval_text(interval: Interval | None) -> str:
    """Write an interval as ``[0.521, 0.601]``; empty where there is none."""
    return f"[{number(interval[0])}, {number(interval[1])}]" if interval else ""


def duration(seconds: float) -> str:
    """Write a time: ``0.8 s``, ``41 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory(megabytes: float) -> str:
    """Write an amount of memory given in megabytes (10^6 bytes)."""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def operations(count: float) -> str:
    """Write floating-point operations with three digits: ``1.23 GFLOP``."""
    power = int(f"{count:.2e}".partition("e")[2]) // 3
    return f"{count / 1000**power:.3g} {_THOUSANDS[power]}FLOP"


def _numbers(values: Any) -> dict[str, float | None]:
    if not isinstance(values, Mapping):
        return {}
    return {str(name): _number(value) for name, value in values.items() if value is None or _is_number(value)}


def _metric(name: str) -> MetricSpec | None:
    """Look the metric up; None where its plugin is not installed here."""
    try:
        spec: MetricSpec = registry().get("metric", name).spec
    except (AmbiguousNameError, UnknownNameError):
        return None
    return spec


def _baselines(result: Result, metric: str, primary: str) -> dict[str, float]:
    """A baseline is a mapping of metrics; a bare number is one of the primary metric."""
    found = {}
    for name, values in result.baselines.items():
        value = values.get(metric) if isinstance(values, Mapping) else values if metric == primary else None
        if _is_number(value) and not math.isnan(value):
            found[name] = float(value)
    return found


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _is_number(value: Any) -> TypeGuard[Real]:
    return not isinstance(value, bool) and isinstance(value, Real)
