"""Several models on the same rows: each one's score over resamples, drawn alike for all, so that any two subtract.

What varies is drawn as in `modaxfer.metrics.gains`: rows, or groups of rows that belong together, and seeds. Models
with as many seeds draw the same of them, so for two such models the difference is that of `paired_gain`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics.choice import find_metrics, greater_is_better
from modaxfer.metrics.compute import require_rows, widened
from modaxfer.metrics.costs import CostMatrix
from modaxfer.metrics.gains import over_seeds
from modaxfer.metrics.intervals import RESAMPLES, Difference, Interval, is_single, percentiles
from modaxfer.metrics.paired_tests import bootstrap_p
from modaxfer.metrics.resampling import Scored, resampled

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Drawn", "Split", "difference", "drawn_scores", "units_of"]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Test rows that several models were scored on."""

    references: np.ndarray
    """Shapes as in `modaxfer.metrics.compute`."""
    clusters: np.ndarray | None = None
    """int ``[rows]``: rows with the same number are drawn together; None where each stands alone."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A metric of one way of training."""

    value: float
    """Its mean over seeds, on all rows."""
    values: np.ndarray
    """float ``[resamples]``: that mean, over draws of rows and seeds."""
    units: int
    """Rows, or groups of rows, that were drawn; the fewest of any seed."""
    greater_is_better: bool

    @property
    def interval(self) -> Interval:
        """Where the mean lies, 95 %."""
        return percentiles(self.values, 0.95) if self.units > 1 else Interval(math.nan, math.nan)


def drawn_scores(
    splits: Sequence[Split],
    scored: Sequence[Scored],
    metric: str,
    *,
    problem: str,
    cost: CostMatrix = (),
    same_rows: bool,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Drawn:
    """Return what `metric` is worth of one way of training, over resamples.

    Args:
        splits: Per seed the test rows.
        scored: Per seed what its model says of them.
        metric: A registered metric.
        problem: Registered name of what the target asks for.
        cost: As for `modaxfer.metrics.compute`.
        same_rows: Whether all seeds have the same rows in the same order.
        resamples: How often rows and seeds are drawn.
        seed: The same seed draws the same, for every model with such rows.

    Raises:
        UnknownNameError: The metric is unknown.
        ConfigError: It does not apply to `problem`, or needs scores that are not given.
        DataError: There is no seed or no row, or the arrays do not match.
    """
    if not splits or len(splits) != len(scored):
        raise DataError("as many test splits as models are needed", got=(len(splits), len(scored)))
    values, drawn = [], []
    for number, (split, model) in enumerate(zip(splits, scored, strict=True)):
        said = replace(model, predictions=widened(model.predictions, split.references))
        require_rows(split.references, said.predictions, said.scores, split.clusters)
        (found,) = find_metrics([metric], problem, with_scores=said.scores is not None, cost=cost)
        values.append(float(found.score(split.references, said.predictions, said.scores)))
        own = seed if same_rows else seed + 1_000_003 * number
        settings = {"resamples": resamples, "seed": own, "clusters": split.clusters}
        drawn.append(resampled([found], split.references, said, **settings)[metric])  # type: ignore[arg-type]
    fewest = min(map(len, drawn))
    return Drawn(
        value=float(np.mean(values)),
        values=over_seeds(np.stack([each[:fewest] for each in drawn]), seed),
        units=min(units_of(split) for split in splits),
        greater_is_better=greater_is_better(metric),
    )


def difference(first: Drawn, second: Drawn) -> tuple[Difference, float]:
    """Return by how much `first` is better, positive whichever direction the metric has, and the p-value of no such."""
    sign = 1 if first.greater_is_better else -1
    fewest = min(len(first.values), len(second.values))
    drawn = sign * (first.values[:fewest] - second.values[:fewest])
    units = min(first.units, second.units)
    low, high = percentiles(drawn, 0.95) if units > 1 else (math.nan, math.nan)
    value = sign * (first.value - second.value)
    return Difference(value=value, low=low, high=high), bootstrap_p(drawn, units=units)


def units_of(split: Split) -> int:
    """Return how many rows, or groups of rows, are drawn."""
    if split.clusters is None:
        return len(split.references)
    return 1 if is_single(split.clusters) else len(np.unique(split.clusters))
