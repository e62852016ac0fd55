"""How sure a score or a difference is: percentile bootstrap over test rows, or clusters of them.

Efron & Tibshirani 1993, chapter 13.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modaxfer.metrics.choice import find_metrics
from modaxfer.metrics.compute import require_rows, widened
from modaxfer.metrics.costs import CostMatrix
from modaxfer.metrics.resampling import Scored, resampled

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["Difference", "Interval", "Scored", "bootstrap", "is_single", "paired_difference", "percentiles"]

RESAMPLES = 2000
FEWEST_UNITS = 10
"""Groups of rows below which a bootstrap interval is too narrow to rely on (Cameron, Gelbach & Miller 2008)."""


class Interval(NamedTuple):
    """Where a score lies with the level's probability."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A score of one model minus that of another on the same rows, with its interval."""

    value: float
    low: float
    high: float

    @property
    def evidence(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0

    @property
    def phrase(self) -> str:
        """What may be said: the difference, or that there is no evidence of one."""
        numbers = f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"
        return numbers if self.evidence else f"no evidence: {numbers}"


def bootstrap(
    names: Sequence[str],
    *,
    problem: str,
    references: np.ndarray,
    predictions: np.ndarray,
    scores: np.ndarray | None = None,
    cost: CostMatrix = (),
    groups: np.ndarray | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
    clusters: np.ndarray | None = None,
) -> dict[str, Interval]:
    """Return a percentile bootstrap interval of every metric in `names`.

    Rows are drawn independently, or, with `clusters`, whole clusters of rows that belong together: copies, or rows of
    one speaker, say little more than one of them would (Davison & Hinkley 1997, section 3.8). Decisions and regressions
    get all `resamples`; areas under curves fewer where rows times classes are many, and to first order where they are
    very many (`modaxfer.metrics.areas`); metrics known only as a function (a plugin's) 200. Where no row is ever
    wrong the interval has no width: that says the resamples never differ, not that the model is perfect.

    Args:
        names: Metrics, as for `modaxfer.metrics.compute`.
        problem: Registered name of what the target asks for.
        references: As for `modaxfer.metrics.compute`.
        predictions: As for `modaxfer.metrics.compute`.
        scores: As for `modaxfer.metrics.compute`.
        cost: As for `modaxfer.metrics.compute`.
        groups: As for `modaxfer.metrics.compute`.
        resamples: How often rows are drawn.
        seed: The same seed draws the same rows.
        level: Probability that an interval is to hold.
        clusters: int ``[rows]``: rows with the same number are drawn together; None where each stands alone.

    Returns:
        Metric name to interval; nan where a metric is undefined in more than half of the resamples, or where all rows
        are one cluster.

    Raises:
        UnknownNameError: A metric is unknown.
        ConfigError: A metric does not apply to `problem`, or needs scores, costs or groups that are not given.
        DataError: There are no rows, or the arrays do not match.
    """
    require_rows(references, predictions, scores, clusters, groups)
    metrics = find_metrics(names, problem, with_scores=scores is not None, cost=cost, groups=groups)
    if is_single(clusters):
        return {metric.name: Interval(math.nan, math.nan) for metric in metrics}
    scored = Scored(predictions=widened(predictions, references), scores=scores)
    values = resampled(metrics, references, scored, resamples=resamples, seed=seed, clusters=clusters)
    return {name: percentiles(found, level) for name, found in values.items()}


def paired_difference(
    references: np.ndarray,
    a: Scored,
    b: Scored,
    metric: str,
    *,
    problem: str,
    cost: CostMatrix = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = 0.95,
    clusters: np.ndarray | None = None,
) -> Difference:
    """Return the score of `a` minus that of `b`, with a bootstrap interval over the rows (or `clusters`) they share.

    The same rows are drawn for both, so what makes a row hard for both cancels out. The sign is the metric's own: for
    an error such as ``rmse`` a negative difference says that `a` is better.

    Raises:
        UnknownNameError: The metric is unknown.
        ConfigError: It does not apply to `problem`, or needs scores that are not given.
        DataError: There are no rows, or the arrays do not match.
    """
    require_rows(references, a.predictions, b.predictions, a.scores, b.scores, clusters)
    a, b = (replace(each, predictions=widened(each.predictions, references)) for each in (a, b))
    with_scores = a.scores is not None and b.scores is not None
    (found,) = find_metrics([metric], problem, with_scores=with_scores, cost=cost)
    first, second = (
        resampled([found], references, scored, resamples=resamples, seed=seed, clusters=clusters)[metric]
        for scored in (a, b)
    )
    interval = Interval(math.nan, math.nan) if is_single(clusters) else percentiles(first - second, level)
    value = found.score(references, a.predictions, a.scores) - found.score(references, b.predictions, b.scores)
    return Difference(value=float(value), low=interval.low, high=interval.high)


def is_single(clusters: np.ndarray | None) -> bool:
    """Tell whether several rows are one cluster: then nothing can be said of how scores vary."""
    return clusters is not None and len(clusters) > 1 and bool((clusters == clusters[0]).all())


def percentiles(values: np.ndarray, level: float) -> Interval:
    """Return the interval that holds `level` of `values`; nan where most of them are undefined."""
    known = values[np.isfinite(values)]
    if len(known) * 2 < len(values) or not len(known):
        return Interval(math.nan, math.nan)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
