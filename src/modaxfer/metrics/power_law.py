"""Scores against the number of labels: a power law fitted by least squares, and how far it may be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXPONENTS", "FEWEST", "GOOD_FIT", "PowerLaw", "fit_power_law", "power_law_interval", "why_no_power_law"]

FEWEST = 4
"""Sizes that a law of three numbers takes at least, so that one is left to contradict it."""

GOOD_FIT = 0.8
"""Share of the variance of the sizes' mean scores that the law explains at least."""

EXPONENTS = (0.05, 3.0)
"""Between these an exponent is looked for: below, a law is a logarithm; above, a step."""

GRID = 60
ROUNDS = 4
"""Each looks between the neighbours of the best exponent of the one before."""

RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """``a - b n^-c`` of a score, ``a + b n^-c`` of a loss, with n labelled rows, b not below 0 (Cortes et al. 1993)."""

    limit: float
    """a: where it would end with labels without number."""
    scale: float
    """b."""
    exponent: float
    """c."""
    rising: bool
    """Whether greater is better."""

    def at(self, rows: float) -> float:
        """Return the score with so many labelled rows."""
        return self.limit - self._sign * self.scale * math.pow(rows, -self.exponent)

    def gain(self, rows: float, factor: float = 2.0) -> float:
        """Return what `factor` times as many rows as `rows` would bring: positive is better."""
        return self._sign * (self.at(factor * rows) - self.at(rows))

    @property
    def _sign(self) -> int:
        return 1 if self.rising else -1


def fit_power_law(points: Mapping[float, Sequence[float]], *, rising: bool = True) -> PowerLaw:
    """Return the law that is nearest to `points` in squares: every score counts once.

    For each exponent the rest is linear, so the exponent alone is searched, on ever finer grids.

    Args:
        points: Scores by number of labelled rows; two sizes at least.
        rising: Whether greater is better.
    """
    sizes = np.array([rows for rows, scores in points.items() for _ in scores], float)
    values = np.array([score for scores in points.values() for score in scores], float)
    low, high = EXPONENTS
    for _ in range(ROUNDS):
        exponents = np.geomspace(low, high, GRID)
        limits, scales, losses = _rest(sizes, values, exponents, rising)
        best = int(np.argmin(losses))
        low, high = exponents[max(0, best - 1)], exponents[min(GRID - 1, best + 1)]
    return PowerLaw(
        limit=float(limits[best]), scale=float(scales[best]), exponent=float(exponents[best]), rising=rising
    )


def _rest(
    sizes: np.ndarray, values: np.ndarray, exponents: np.ndarray, rising: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return limit, scale and sum of squares for each exponent; a scale below 0 would be a law that falls: it is 0.

    Sizes are counted from the smallest, so that powers stay near 1.
    """
    smallest = sizes.min()
    powers = (sizes / smallest) ** -exponents[:, None]
    centred = powers - powers.mean(1, keepdims=True)
    spread = (centred**2).sum(1)
    slopes = np.divide(centred @ (values - values.mean()), spread, out=np.zeros_like(spread), where=spread > 0)
    slopes = np.minimum(slopes, 0) if rising else np.maximum(slopes, 0)
    limits = values.mean() - slopes * powers.mean(1)
    rest = values - limits[:, None] - slopes[:, None] * powers
    return limits, np.abs(slopes) * smallest**exponents, (rest**2).sum(1)


def power_law_interval(
    points: Mapping[float, Sequence[float]],
    rows: float,
    *,
    rising: bool = True,
    deviations: Mapping[float, float] | None = None,
    factor: float = 2.0,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = 0.95,
) -> tuple[Interval, Interval]:
    """Return the percentile intervals of the gain of `factor` times `rows`, and of the score there.

    The draws of each size are drawn anew with replacement; a size with a single draw, or none that differ, has the
    deviation over test rows that is given for it.

    Args:
        points: As for `fit_power_law`.
        rows: Labelled rows from which the gain is counted.
        rising: Whether greater is better.
        deviations: Standard deviation of a single score over test rows, by size.
        factor: How many times as many rows.
        seed: The same seed draws the same.
        resamples: How often.
        level: Probability that an interval is to hold.
    """
    random, known = np.random.default_rng(seed), deviations or {}
    found = []
    for _ in range(resamples):
        drawn = {size: _drawn(scores, known.get(size, 0.0), random) for size, scores in points.items()}
        law = fit_power_law(drawn, rising=rising)
        found.append((law.gain(rows, factor), law.at(factor * rows)))
    tail = 50 * (1 - level)
    low, high = np.percentile(np.array(found), [tail, 100 - tail], axis=0)
    return Interval(float(low[0]), float(high[0])), Interval(float(low[1]), float(high[1]))


def _drawn(scores: Sequence[float], deviation: float, random: np.random.Generator) -> list[float]:
    found = np.asarray(scores, float)
    if len(found) > 1 and found.std() > 0:
        return [float(score) for score in random.choice(found, len(found))]
    return [float(score) for score in found + deviation * random.standard_normal()]


def why_no_power_law(points: Mapping[float, Sequence[float]], law: PowerLaw | None) -> str:
    """Return why nothing is said of more labels than there were; empty where it may be."""
    if len(points) < FEWEST or law is None:
        return f"{len(points)} sizes are too few for a law of three numbers: {FEWEST} are needed"
    sizes = sorted(points)
    means = np.array([np.mean(points[size]) for size in sizes])
    if law.scale == 0 or float(np.ptp(means)) == 0:
        return "the score does not get better with more labels"
    rest = means - np.array([law.at(size) for size in sizes])
    explained = 1 - float(rest @ rest) / float(((means - means.mean()) ** 2).sum())
    if not explained >= GOOD_FIT:
        return f"a power law explains {max(explained, 0):.0%} of how the mean scores differ, which is too little"
    if math.isclose(law.exponent, EXPONENTS[0], rel_tol=1e-3):
        return "the score still rises as fast as when it began, so no end of it is in sight"
    return ""
