"""From which score on a class is said: chosen for a metric on held-out rows, and kept only where that is evident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.metrics.choice import direction
from modaxfer.metrics.compute import compute
from modaxfer.metrics.intervals import Scored, paired_difference

if TYPE_CHECKING:
    from modaxfer.metrics.intervals import Difference

__all__ = ["HALF", "LEAST_OF_EACH", "LEAST_ROWS", "Choice", "choose_threshold", "too_few"]

HALF = 0.5
LEAST_ROWS, LEAST_OF_EACH = 50, 10
"""Fewer held-out rows, or fewer of the rarer kind, choose no threshold: it would be that of their noise."""

MOST = 200
"""Thresholds that are tried."""

RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A threshold, and what it is worth on the rows that chose it."""

    threshold: float
    """The chosen one where it is kept, else one half."""
    tried: float
    """The best one on these rows."""
    gain: Difference
    """Of the metric at `tried` over the metric at one half, positive where it is better, with its 95 % interval."""

    @property
    def kept(self) -> bool:
        """Whether the gain is beyond its noise."""
        return self.gain.low > 0


def too_few(positive: np.ndarray) -> str:
    """Say why rows are too few to choose by; empty where they are enough.

    Args:
        positive: bool ``[rows]`` or ``[rows, labels]``; of several labels all decisions are counted together.
    """
    rows, rarer = len(positive), int(min(positive.sum(), (~positive).sum()))
    if rows >= LEAST_ROWS and rarer >= LEAST_OF_EACH:
        return ""
    return f"{rows} validation rows, {rarer} of the rarer kind: fewer than {LEAST_ROWS} and {LEAST_OF_EACH}"


def choose_threshold(
    references: np.ndarray,
    scores: np.ndarray,
    metric: str,
    *,
    problem: str,
    seed: int = 0,
    clusters: np.ndarray | None = None,
) -> Choice:
    """Return the threshold that is best for `metric`, of equals the one nearest to one half.

    It is kept only where the paired bootstrap's interval of its gain over one half leaves zero out: with few rows the
    best threshold is mostly that of their noise.

    Args:
        references: Class numbers ``[rows]`` of two classes; 0/1 ``[rows, labels]``, which then share the threshold.
        scores: Of class 1 ``[rows]``, or of the labels ``[rows, labels]``.
        metric: A registered metric that looks at decisions.
        problem: Registered name of what the target asks for.
        seed: Of the resamples.
        clusters: int ``[rows]``: rows with the same number are drawn together.
    """
    sign = direction(metric)

    def value(threshold: float) -> float:
        said = _said(scores, threshold)
        found = compute([metric], problem=problem, references=references, predictions=said, quick=True)[metric]
        return sign * found if np.isfinite(found) else -np.inf

    grid = _grid(scores)
    values = np.array([value(threshold) for threshold in grid])
    best = grid[values >= values.max() - 1e-12]
    tried = float(best[np.abs(best - HALF).argmin()])
    best_side, half_side = (Scored(predictions=_said(scores, threshold)) for threshold in (tried, HALF))
    better, other = (best_side, half_side) if sign > 0 else (half_side, best_side)
    drawn: dict[str, Any] = {"problem": problem, "resamples": RESAMPLES, "seed": seed, "clusters": clusters}
    gain = paired_difference(references, better, other, metric, **drawn)
    return Choice(threshold=tried if gain.low > 0 else HALF, tried=tried, gain=gain)


def _said(scores: np.ndarray, threshold: float) -> np.ndarray:
    return (scores >= threshold).astype(np.int64)


def _grid(scores: np.ndarray) -> np.ndarray:
    """Return one half and the middles between neighbouring scores, at most `MOST` of them."""
    distinct = np.unique(scores[np.isfinite(scores)].astype(np.float64))
    middles = (distinct[1:] + distinct[:-1]) / 2
    if len(middles) > MOST:
        middles = middles[np.linspace(0, len(middles) - 1, MOST).round().astype(int)]
    return np.append(middles, HALF)
