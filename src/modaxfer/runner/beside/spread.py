"""Test scores of several runs of one request: each one's, their mean, their deviation, and how sure the mean is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

from modaxfer.metrics import score_bounds, student_interval
from modaxfer.result import Result

__all__ = ["mean_intervals", "spread"]


def spread(results: Sequence[Result]) -> dict[str, Any]:
    """Return each test metric of `results`, its mean, and its standard deviation (with n - 1).

    A metric that is undefined in one of them has neither.
    """
    names = results[0].metrics["test"]
    test = {name: [_value(result.metrics["test"].get(name)) for result in results] for name in names}
    known = {name: values for name, values in test.items() if not any(map(math.isnan, values))}
    return {
        "test": test,
        "mean": {name: mean(values) for name, values in known.items()},
        "std": {name: stdev(values) for name, values in known.items()},
    }


def mean_intervals(found: dict[str, Any], *, overlap: float = 0.0) -> dict[str, list[float]]:
    """Return the 95 % interval of each mean of `spread`; `overlap` as for `modaxfer.metrics.student_interval`."""
    return {
        name: list(student_interval(found["test"][name], bounds=score_bounds(name), overlap=overlap))
        for name in found["mean"]
    }


def _value(score: Any) -> float:
    return math.nan if score is None else float(score)
