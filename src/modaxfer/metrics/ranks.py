"""Several ways of training over several tasks, by their ranks.

Demsar 2006, "Statistical comparisons of classifiers over multiple data sets".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from modaxfer.errors import DataError
from modaxfer.metrics.paired_tests import exchanged, holm

__all__ = ["FEWEST_TASKS", "Ranks", "rank_over_tasks"]

FEWEST_TASKS = 5
"""Tasks below which ranks are not compared."""


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Average ranks over tasks, and which of them differ."""

    average: np.ndarray
    """float ``[ways]``: 1 is the best; equal scores share their ranks."""
    chi2: float
    """Friedman's statistic without correction for ties, as Demsar has it."""
    f: float
    """Iman & Davenport's (1980), which is less conservative; infinite where all tasks rank alike."""
    p: float
    """That of `f`: no way is better than another."""
    pairs: tuple[tuple[int, int], ...]
    p_pairs: tuple[float, ...]
    """Of Wilcoxon's signed ranks, corrected by Holm over the pairs."""
    critical_difference: float
    """Of average ranks by Nemenyi's test at .05, which counts all ways at once."""
    cliques: tuple[tuple[int, ...], ...]
    """Ways next to each other by rank of which no two differ by `p_pairs`; the largest such, from the best on."""


def rank_over_tasks(scores: np.ndarray, *, level: float = 0.05) -> Ranks:
    """Compare ways of training over tasks.

    Wilcoxon's signed ranks with Holm's correction say which differ: Nemenyi's test makes the answer for two depend on
    all others that happen to be there (Benavoli, Corani & Mangili 2016). With N tasks the smallest p-value of a pair is
    ``2 ** (1 - N)``.

    Args:
        scores: float ``[tasks, ways]``, the greater the better.
        level: Below which a pair differs.

    Raises:
        DataError: There are fewer than `FEWEST_TASKS` tasks or two ways, or a score is undefined.
    """
    from scipy.special import fdtrc
    from scipy.stats import rankdata, studentized_range

    tasks, ways = scores.shape
    if tasks < FEWEST_TASKS or ways < 2 or not np.isfinite(scores).all():
        raise DataError(
            "ranks need several tasks on which every way of training has a score",
            got=f"{tasks} tasks, {ways} ways of training, {int((~np.isfinite(scores)).sum())} scores undefined",
            allowed=f"at least {FEWEST_TASKS} tasks and 2 ways",
        )
    average = rankdata(-scores, axis=1).mean(0)
    chi2 = 12 * tasks / (ways * (ways + 1)) * float((average**2).sum() - ways * (ways + 1) ** 2 / 4)
    left = tasks * (ways - 1) - chi2
    f = (tasks - 1) * chi2 / left if left > 1e-9 else math.inf
    quantile = float(studentized_range.ppf(1 - level, ways, np.inf)) / math.sqrt(2)
    pairs = tuple(combinations(range(ways), 2))
    corrected = holm([_wilcoxon((scores[:, a] - scores[:, b]).round(12)) for a, b in pairs])
    apart = {pair for pair, p in zip(pairs, corrected, strict=True) if p < level}
    return Ranks(
        average=average,
        chi2=chi2,
        f=f,
        p=float(fdtrc(ways - 1, (ways - 1) * (tasks - 1), f)) if math.isfinite(f) else 0.0,
        pairs=pairs,
        p_pairs=tuple(corrected),
        critical_difference=quantile * math.sqrt(ways * (ways + 1) / (6 * tasks)),
        cliques=_cliques(average, apart),
    )


def _wilcoxon(differences: np.ndarray) -> float:
    """Return the two-sided p-value of Wilcoxon's signed ranks, all signs counted; equal scores are left out."""
    from scipy.stats import rankdata

    moved = differences[differences != 0]
    ranks = np.round(2 * rankdata(np.abs(moved))).astype(int)  # shared ranks are halves
    return exchanged(ranks, abs(int((np.sign(moved) * ranks).sum())))


def _cliques(average: np.ndarray, apart: set[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    order = [int(way) for way in np.argsort(average, kind="stable")]
    found: list[tuple[int, ...]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not any(
            (min(way, order[stop]), max(way, order[stop])) in apart for way in order[start:stop]
        ):
            stop += 1
        if stop > end and stop - start > 1:
            found.append(tuple(order[start:stop]))
        end = max(end, stop)
    return tuple(found)
