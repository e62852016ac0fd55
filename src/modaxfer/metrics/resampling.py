"""Scores over resamples of the rows: which family of scores answers for a metric, and how often it can afford to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics.areas import areas
from modaxfer.metrics.costs import expected_cost
from modaxfer.metrics.probabilities import Probabilities
from modaxfer.metrics.tagged import Tagged
from modaxfer.metrics.weighted import Classes, Costs, Family, Labels, Values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modaxfer.metrics.choice import Metric

__all__ = ["Scored", "draws", "resampled", "summed"]

CHUNK = 4_000_000
"""Numbers held at once."""
FEWEST = 200
"""Resamples of a metric that can only be called, and the least of one that is slow."""
RANKING_BUDGET = 20_000_000
"""Numbers that an area under a curve may go through; where they do not suffice, it gets fewer resamples."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What one model says of the test rows; shapes as in `modaxfer.metrics.compute`."""

    predictions: np.ndarray
    scores: np.ndarray | None = None


def resampled(
    metrics: Sequence[Metric],
    references: np.ndarray,
    scored: Scored,
    *,
    resamples: int,
    seed: int,
    clusters: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return the values of each metric over resamples of the rows, by name.

    With `clusters`, int ``[rows]``, whole clusters are drawn (Davison & Hinkley 1997, section 3.8): rows that share one
    come and go together. One seed draws the same for every metric and model, so two models are compared resample by
    resample. A metric that is slow gets only the first of the resamples.
    """
    families = _families(references, scored)
    values: dict[str, np.ndarray] = {}
    for metric in metrics:
        if metric.name not in values:
            family = _family_of(metric, families, references, scored)
            together = [other for other in metrics if other.score in family.finish]
            drawn = draws(len(references), min(resamples, family.most or resamples), seed, clusters)
            values |= _values(family, together, drawn)
    return values


def summed(metrics: Sequence[Metric], references: np.ndarray, scored: Scored) -> dict[str, float]:
    """Return the value of each metric over all rows, by name: what calling it gives, and sooner where rows are few."""
    families, once = _families(references, scored), np.ones((1, len(references)))
    values = {}
    for metric in metrics:
        family = _family_of(metric, families, references, scored)
        values[metric.name] = float(family.finish[metric.score](family.sums(once))[0])
    return values


def _values(family: Family, metrics: Sequence[Metric], drawn: Iterator[np.ndarray]) -> dict[str, np.ndarray]:
    parts: dict[str, list[np.ndarray]] = {metric.name: [] for metric in metrics}
    for weights in drawn:
        sums = family.sums(weights)
        for metric in metrics:
            parts[metric.name].append(family.finish[metric.score](sums))
    return {name: np.concatenate(found) for name, found in parts.items()}


def _family_of(metric: Metric, families: Sequence[Family], references: np.ndarray, scored: Scored) -> Family:
    """Return what sums the scores of `metric`: one of `families`, or one of its own."""
    found = next((one for one in families if metric.score in one.finish), None)
    if found is None and isinstance(metric.score, partial) and metric.score.func is expected_cost:
        return Costs(references, scored.predictions, metric.score, metric.cost)
    return found or _AnyMetric(metric, references, scored)


def _families(references: np.ndarray, scored: Scored) -> list[Family]:
    """Return what sums scores of such arrays fast; of ragged ones only tags have it, others' scores are called."""
    families: list[Family] = []
    if references.dtype == object:
        return [Tagged(references, scored.predictions)]
    if references.ndim == 2:
        families.append(Labels(references, scored.predictions))
    else:
        families.append(Values(references, scored.predictions))
        if np.issubdtype(references.dtype, np.integer):
            families.append(Classes(references, scored.predictions))
    if scored.scores is not None:
        families.append(areas(references, scored.scores, budget=RANKING_BUDGET, fewest=FEWEST))
        families.append(Probabilities(references, scored.scores))
    return families


def draws(rows: int, resamples: int, seed: int, clusters: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Yield float ``[some resamples, rows]``: how often each row was drawn.

    Every resample has as many draws as there are rows, or clusters. Rows that are each their own cluster are drawn as
    they are without clusters.
    """
    unit_of_row, units = (np.arange(rows), rows) if clusters is None else _in_order(clusters)
    generator = np.random.default_rng(seed)
    size = max(1, CHUNK // rows)
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        drawn = generator.integers(0, units, size=(count, units)) + np.arange(count)[:, None] * units
        counts = np.bincount(drawn.ravel(), minlength=count * units).reshape(count, units).astype(float)
        yield counts if units == rows else counts[:, unit_of_row]


def _in_order(clusters: np.ndarray) -> tuple[np.ndarray, int]:
    """Number clusters from 0 as they first appear; return them and how many there are."""
    _, first, found = np.unique(clusters, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[found.reshape(-1)], len(first)


class _AnyMetric:
    """A score that can only be called on rows, such as a plugin's."""

    most = FEWEST

    def __init__(self, metric: Metric, references: np.ndarray, scored: Scored) -> None:
        self._metric, self._references, self._scored = metric, references, scored
        self.finish = {metric.score: self._over}

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return `weights`: nothing is known of the score."""
        return weights

    def _over(self, weights: np.ndarray) -> np.ndarray:
        everyone = np.arange(weights.shape[1])
        given = (self._references, self._scored.predictions, self._scored.scores)
        return np.array([self._metric.on(*given, np.repeat(everyone, drawn.astype(int))) for drawn in weights])
