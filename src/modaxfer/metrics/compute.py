"""Scores of one set of predictions, by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics.choice import find_metrics
from modaxfer.metrics.costs import CostMatrix
from modaxfer.metrics.resampling import Scored, summed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


__all__ = ["compute", "require_rows", "why_undefined", "widened"]


def compute(
    names: Sequence[str],
    *,
    problem: str,
    references: np.ndarray,
    predictions: np.ndarray,
    scores: np.ndarray | None = None,
    cost: CostMatrix = (),
    groups: np.ndarray | None = None,
    quick: bool = False,
    trust_code: bool = False,
) -> dict[str, float]:
    """Score predictions with every metric in `names`.

    Args:
        names: Registered metrics, or ``evaluate:FOLDER`` for a local module of the library `evaluate`, whose code is
            run: it has to be named by an installed task, or trusted.
        problem: Registered name of what the target asks for.
        references: Class numbers ``[rows]``; 0/1 ``[rows, classes]`` for multi-label; float ``[rows]`` for regression.
        predictions: Of the same shape and meaning as `references`, which for multi-label may have more columns: labels
            that the model does not know, so that it never says them. A class of that kind has a number that is never
            predicted. Rankings are made over the classes with a score: rows of others are not theirs.
        scores: Probabilities ``[rows, classes]``; None where there are none, as for regression.
        cost: What mistakes cost, for metrics that read it.
        groups: The group of each row, str ``[rows]``, for metrics that compare groups.
        quick: Add rows up as the bootstrap does instead of asking scikit-learn, which checks its input at length: the
            same values, for many predictions of few rows.
        trust_code: Run any `evaluate` module that is named, because you wrote or read it.

    Returns:
        Metric name to value, in the order of `names`; nan where the references leave a metric undefined.

    Raises:
        UnknownNameError: A metric is unknown.
        ConfigError: A metric does not apply to `problem`, or needs scores, costs or groups that are not given.
        DataError: There are no rows, or the arrays do not match.
    """
    require_rows(references, predictions, scores, groups)
    predictions = widened(predictions, references)
    with_scores = scores is not None
    found = find_metrics(names, problem, with_scores=with_scores, cost=cost, groups=groups, trust_code=trust_code)
    if quick:
        return summed(found, references, Scored(predictions=predictions, scores=scores))
    return {metric.name: metric.on(references, predictions, scores) for metric in found}


def why_undefined(values: Mapping[str, float], references: np.ndarray) -> tuple[str, ...]:
    """Return one line for each nan among `values`, with what the references lack.

    Args:
        values: What `compute` returned.
        references: What it was given.
    """
    undefined = [name for name, value in values.items() if math.isnan(value)]
    return tuple(f"{name} is undefined: {_lack(references)}" for name in undefined)


def widened(predictions: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return multi-label `predictions` with a column of zeros for each label behind theirs that `references` have."""
    if references.ndim != 2 or references.shape[1] == predictions.shape[1]:
        return predictions
    return np.pad(predictions, ((0, 0), (0, references.shape[1] - predictions.shape[1])))


def require_rows(references: np.ndarray, *others: np.ndarray | None) -> None:
    """Check that there are rows, and as many in each array.

    Raises:
        DataError: They are not.
    """
    if not len(references):
        raise DataError("no rows to score", fix="give the split at least one row")
    for other in others:
        if other is not None and len(other) != len(references):
            raise DataError("references and predictions differ in rows", got=(len(references), len(other)))


def _lack(references: np.ndarray) -> str:
    rows = f"{len(references)} row" + "s" * (len(references) != 1)
    if references.ndim == 2:
        return f"no label is both present and absent in {rows}"
    if len(np.unique(references)) == 1:
        return f"all references are equal in {rows}"
    return f"the metric returned no number for {rows}"
