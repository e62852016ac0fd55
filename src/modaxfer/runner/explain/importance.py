"""Permutation importance (Breiman 2001; Fisher et al. 2019): what the score loses where one field tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.metrics import Scored, compute, greater_is_better
from modaxfer.metrics.choice import find_metrics
from modaxfer.metrics.intervals import percentiles
from modaxfer.metrics.resampling import resampled

__all__ = ["MOST_VALIDATION_ROWS", "REPEATS", "Importance", "permutation_importance"]

MOST_VALIDATION_ROWS, REPEATS = 200, 5
"""Validation rows that are looked at, spread evenly over the split, and how often each field is shuffled."""

RESAMPLES = 1000

Predict = Callable[[Sequence[Mapping[str, Any]]], Scored]
"""From rows to what is said of them."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Of one field."""

    name: str
    value: float
    """Score less the mean score with the field shuffled among the rows; of errors the other way round, so that more is
    always more important."""
    low: float
    high: float
    """95 % percentile bootstrap interval over rows, with the shuffles that were made."""


def permutation_importance(
    rows: Sequence[Mapping[str, Any]],
    references: np.ndarray,
    groups: Mapping[str, Sequence[str]],
    predict: Predict,
    *,
    metric: str,
    problem: str,
    repeats: int = REPEATS,
    seed: int = 0,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[float, list[Importance]]:
    """Return the score of the rows as they are, and the importance of each group of columns, the greatest first.

    Args:
        rows: By column.
        references: As for `modaxfer.metrics.compute`.
        groups: By name, columns that are shuffled together: those of one date, or of one encoder.
        predict: Says of rows what the model says.
        metric: By which is scored.
        problem: Registered name of what the target asks for.
        repeats: Shuffles of each.
        seed: Of the shuffles and the resamples.
        advance: Called after each shuffle with 1.
    """
    generator = np.random.default_rng(seed)
    whole = predict(rows)
    found = []
    for name, columns in groups.items():
        shuffled = []
        for _ in range(repeats):
            order = generator.permutation(len(rows))
            moved = [
                {**row, **{column: rows[other][column] for column in columns}}
                for row, other in zip(rows, order, strict=True)
            ]
            shuffled.append(predict(moved))
            advance(1)
        found.append(_importance(name, references, whole, shuffled, metric, problem, seed))
    return _score(references, whole, metric, problem), sorted(found, key=lambda each: -each.value)


def _importance(
    name: str, references: np.ndarray, whole: Scored, shuffled: Sequence[Scored], metric: str, problem: str, seed: int
) -> Importance:
    sign = 1 if greater_is_better(metric) else -1
    found = find_metrics([metric], problem, with_scores=whole.scores is not None)

    def drawn(scored: Scored) -> np.ndarray:
        return resampled(found, references, scored, resamples=RESAMPLES, seed=seed)[metric]

    # The same rows are drawn for all, so that what makes a row hard for all of them cancels out.
    lost = sign * (drawn(whole) - np.mean([drawn(each) for each in shuffled], axis=0))
    interval = percentiles(lost, 0.95)
    others = [_score(references, each, metric, problem) for each in shuffled]
    value = sign * (_score(references, whole, metric, problem) - float(np.mean(others)))
    return Importance(name=name, value=value, low=interval.low, high=interval.high)


def _score(references: np.ndarray, scored: Scored, metric: str, problem: str) -> float:
    made = compute(
        [metric],
        problem=problem,
        references=references,
        predictions=scored.predictions,
        scores=scored.scores,
        quick=True,
    )
    return made[metric]
