"""Tests of two models on the same rows, and what several of them together may claim."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EXACT_BELOW", "McNemar", "bootstrap_p", "exchanged", "holm", "mcnemar"]

EXACT_BELOW = 25
"""Discordant rows, or groups of them, below which the distribution is added up instead of approximated."""

TAIL = 10
"""Resamples beyond zero that it takes to count a tail; fewer are too few to tell how thin it is."""


@dataclass(frozen=True, kw_only=True)
class McNemar:
    """Whether two models are right equally often, by the rows where only one of them is."""

    only_first: int
    """Rows where the first alone is right."""
    only_second: int
    p: float
    """Two-sided; 1 where the two are never right apart."""
    test: str
    """``exact`` or ``chi2``; over rows that belong together ``exact by groups`` or ``chi2 by groups``."""


def mcnemar(first: np.ndarray, second: np.ndarray, clusters: np.ndarray | None = None) -> McNemar:
    """Test whether two models are right equally often on the same rows (McNemar 1947).

    Below `EXACT_BELOW` rows where one alone is right, twice the binomial tail; else chi squared with the continuity
    correction, ``(|b - c| - 1)² / (b + c)`` (Edwards 1948). Where rows belong together, a group's rows are exchanged
    between the models together: below `EXACT_BELOW` groups with a majority of one kind all sums of ``±(b - c)`` of the
    groups are added up, which with one row per group is the binomial; else ``(K - 1) / K (Σ(b - c))² / Σ(b - c)²`` over
    K groups (Obuchowski 1998, as simplified by Yang, Sun & Hardin 2010).

    Args:
        first: bool ``[rows]``: the first model is right.
        second: bool ``[rows]``, of the second.
        clusters: int ``[rows]``: rows with the same number belong together; None where each stands alone.
    """
    apart = first.astype(int) - second.astype(int)
    counts = {"only_first": int((apart > 0).sum()), "only_second": int((apart < 0).sum())}
    if clusters is None:
        discordant, excess = counts["only_first"] + counts["only_second"], abs(int(apart.sum()))
        if discordant < EXACT_BELOW:
            return McNemar(**counts, p=exchanged(np.ones(discordant, int), excess), test="exact")
        return McNemar(**counts, p=_chi2(max(excess - 1, 0) ** 2 / discordant), test="chi2")
    groups = np.bincount(np.unique(clusters, return_inverse=True)[1].reshape(-1), weights=apart).astype(int)
    moved = groups[groups != 0]
    if len(moved) < EXACT_BELOW:
        return McNemar(**counts, p=exchanged(np.abs(moved), abs(int(moved.sum()))), test="exact by groups")
    statistic = (len(groups) - 1) / len(groups) * moved.sum() ** 2 / (moved**2).sum()
    return McNemar(**counts, p=_chi2(float(statistic)), test="chi2 by groups")


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values that hold together: each below .05 is below it after Holm's step-down (Holm 1979).

    With m tests the smallest is multiplied by m, the next by m - 1 and so on, none falling below the one before it. The
    chance that any of them claims a difference where there is none is then at most the level. Tests without a value
    (nan) are not counted.
    """
    given = np.asarray(p, dtype=float)
    order = [place for place in np.argsort(given, kind="stable") if not math.isnan(given[place])]
    adjusted = np.full(len(given), np.nan)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * given[place]))
        adjusted[place] = highest
    return [float(value) for value in adjusted]


def bootstrap_p(drawn: np.ndarray, *, units: int) -> float:
    """Return the two-sided p-value of no difference from differences over resamples.

    It is the level at which the percentile interval would just touch zero: twice the share of resamples on the rarer
    side of it (Davison & Hinkley 1997, section 5.4). Where fewer than `TAIL` lie there the tail is that of a normal
    distribution with the resamples' mean and deviation, but no fatter than those few allow. Exchanging the models on
    every unit gives ``2 ** units`` outcomes, so no p-value is below two of them.

    Args:
        drawn: float ``[resamples]``.
        units: Rows, or groups of rows, that were drawn.

    Returns:
        The p-value; nan where most resamples are undefined, or one unit was drawn.
    """
    known = drawn[np.isfinite(drawn)]
    if len(known) * 2 < len(drawn) or not len(known) or units < 2:
        return math.nan
    rarer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    p = min(1.0, 2 * (rarer + 1) / (len(known) + 1))
    if rarer < TAIL:
        spread = float(known.std())
        p = min(2 * (TAIL + 1) / (len(known) + 1), _normal(abs(float(known.mean())) / spread) if spread else 0.0)
    return max(p, 2.0 ** (1 - units))


def exchanged(sizes: np.ndarray, excess: int) -> float:
    """Return how often a sum of `sizes`, int ``[units]``, with random signs is at least `excess` away from zero.

    All ``2 ** units`` sums are counted, by adding up their distribution.
    """
    total = int(sizes.sum())
    ways = np.zeros(2 * total + 1)
    ways[total] = 1.0
    for size in sizes:
        ways = (np.roll(ways, size) + np.roll(ways, -size)) / 2
    sums = np.arange(-total, total + 1)
    return min(1.0, float(ways[np.abs(sums) >= excess].sum()))


def _chi2(statistic: float) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(1, statistic))


def _normal(distance: float) -> float:
    return math.erfc(distance / math.sqrt(2))
