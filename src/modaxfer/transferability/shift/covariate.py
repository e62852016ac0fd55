"""How far the inputs of two tasks lie apart."""

from __future__ import annotations

import numpy as np

from modaxfer.transferability.shift.distances import bures_squared, gaussian_kernel, median_distance, mmd_squared
from modaxfer.transferability.shift.domains import a_distance
from modaxfer.transferability.shift.effects import Effect, Part, effect, if_equal, resamples
from modaxfer.transferability.shift.pair import PairOfTasks

__all__ = ["components", "covariate_part"]

COMPONENTS, ROWS_EACH = 32, 10
"""Principal components of which moments are taken, at most, and one per so many rows of a task."""
NORMAL_95 = 1.645
"""What a standard normal number stays below in 95 of 100 cases."""


def covariate_part(pair: PairOfTasks, shares: np.ndarray) -> Part:
    """Return A-distance, MMD and Bures distance of the compared rows.

    Args:
        pair: The tasks.
        shares: How likely each compared row is one of the target's.
    """
    return Part(effects=(_a_distance(pair, shares), _mmd(pair), _bures(pair)))


def components(rows: np.ndarray, count: int) -> np.ndarray:
    """Return principal components of `rows` ``[rows, width]`` in units in which all features' variance adds up to 1."""
    centred = rows - rows.mean(0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    found: np.ndarray = centred @ vectors[:, ::-1][:, :count] / np.sqrt(np.square(centred).sum() / len(rows))
    return found


def _a_distance(pair: PairOfTasks, shares: np.ndarray) -> Effect:
    right = ((shares > 0.5) == pair.domain).astype(float)
    sides = [right[pair.domain == side] for side in (0, 1)]
    drawn = np.zeros(1)
    for side, each in enumerate(sides):
        weights = resamples(len(each), pair.groups(side), pair.source.seed + side)
        drawn = drawn + weights @ each / weights.sum(1) / 2
    return effect(
        "A-distance",
        float(a_distance(np.mean([each.mean() for each in sides]))),
        a_distance(drawn),
        "0: a linear classifier cannot tell the tasks' inputs apart; 2: it always can",
        _told_by_chance(pair),
    )


def _told_by_chance(pair: PairOfTasks) -> float:
    """Return the A-distance that coins, one for each row or group, stay below in 95 of 100 cases."""
    groups = pair.all_groups
    coins = len(pair.domain) if groups is None else len(np.unique(groups))
    return float(a_distance(np.array(0.5 + NORMAL_95 * 0.5 / np.sqrt(coins))))


def _mmd(pair: PairOfTasks) -> Effect:
    rows, domain = pair.compared, pair.domain
    kernel = gaussian_kernel(rows, median_distance(rows))
    drawn = [np.zeros((0, 0)), np.zeros((0, 0))]
    for side in (0, 1):
        weights = resamples(int((domain == side).sum()), pair.groups(side), pair.source.seed + side)
        drawn[side] = np.zeros((len(weights), len(domain)))
        drawn[side][:, domain == side] = weights

    def measure(dealt: np.ndarray) -> float:
        return float(mmd_squared(kernel, (dealt == 0)[None].astype(float), (dealt == 1)[None].astype(float))[0])

    return effect(
        "MMD^2",
        measure(domain),
        mmd_squared(kernel, *drawn),
        "distance of means in the space of a Gaussian kernel as wide as the median distance of two rows",
        if_equal(measure, domain, pair.all_groups, pair.source.seed),
    )


def _bures(pair: PairOfTasks) -> Effect:
    domain, seed = pair.domain, pair.source.seed
    count = max(1, min(COMPONENTS, len(domain) // 2 // ROWS_EACH, pair.compared.shape[1]))
    rows = components(pair.compared, count)
    sides = [rows[domain == side] for side in (0, 1)]
    weights = [resamples(len(each), pair.groups(side), seed + side) for side, each in enumerate(sides)]
    drawn = [
        bures_squared(*_moments(sides[0], one), *_moments(sides[1], other)) for one, other in zip(*weights, strict=True)
    ]

    def measure(dealt: np.ndarray) -> float:
        return bures_squared(*(moment for side in (0, 1) for moment in _moments(rows, (dealt == side).astype(float))))

    # Moments of a resample are as far from those of the rows as these are from the truth: what that adds to a distance
    # stands in the value once, and would stand in the resamples twice.
    value, once_more = measure(domain), np.array(drawn)
    return effect(
        "Bures^2",
        value,
        once_more - once_more.mean() + value,
        f"squared distance of the two as Gaussians in {count} components; 1 is the variance of all inputs together",
        if_equal(measure, domain, pair.all_groups, seed),
    )


def _moments(rows: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = weights @ rows / weights.sum()
    centred = rows - mean
    return mean, (centred * weights[:, None]).T @ centred / weights.sum()
