"""Which tile stands where: like columns side by side (IGTD, Zhu et al. 2021, Scientific Reports 11:11325)."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform
from scipy.stats import rankdata

__all__ = ["arrange", "arrangement_error", "place_ranks", "unlikeness_ranks"]


def arrange(unlike: np.ndarray, near: np.ndarray, *, steps: int, seed: int | None) -> tuple[np.ndarray, list[float]]:
    """Assign things to places so that like things stand near each other.

    Swaps two at a time: always the thing at the place that was looked at longest ago, with the partner that lowers the
    error most. Stops where no swap lowers it, or after `steps`.

    Args:
        unlike: Ranks ``[n, n]`` of the distance between things, see `unlikeness_ranks`.
        near: Ranks ``[n, n]`` of the distance between places, see `place_ranks`.
        steps: Most places that are looked at.
        seed: Seed of the arrangement to start from; None starts with thing i at place i.

    Returns:
        ``order`` ``[n]``: thing at each place; and the error after each swap, the start included.
    """
    count = len(unlike)
    order = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    ranks = unlike[np.ix_(order, order)]
    errors, idle = [_error(ranks, near)], 0
    for step in range(steps):
        if idle >= count or count < 2:
            break
        place = step % count
        gains = _gains(ranks, near, place)
        partner = int(gains.argmax())
        # A gain below rounding would be taken for ever.
        idle = 0 if gains[partner] > 1e-9 * max(errors[-1], 1) else idle + 1
        if idle:
            continue
        swapped = [partner, place]
        order[[place, partner]] = order[swapped]
        ranks[[place, partner]] = ranks[swapped]
        ranks[:, [place, partner]] = ranks[:, swapped]
        errors.append(errors[-1] - float(gains[partner]))
    return order, errors


def arrangement_error(unlike: np.ndarray, near: np.ndarray, order: np.ndarray) -> float:
    """Return the sum over all pairs of the difference between both ranks (equation 1 of the paper)."""
    return _error(unlike[np.ix_(order, order)], near)


def unlikeness_ranks(levels: np.ndarray) -> np.ndarray:
    """Rank pairs of columns by ``1 - |correlation|``.

    Args:
        levels: Training values ``[rows, n]``; what is not a number counts as the column's mean. A column without
            variance is like no other.

    Returns:
        Symmetric ranks ``[n, n]``, 1 for the pair most alike, ties averaged, 0 on the diagonal.
    """
    seen = ~np.isnan(levels)
    filled = np.where(seen, levels, 0).astype(float)
    centred = np.where(seen, filled - filled.sum(0) / np.maximum(seen.sum(0), 1), 0)
    norm = np.linalg.norm(centred, axis=0)
    unit = centred / np.where(norm > 0, norm, 1)
    return _ranked(squareform(1 - np.abs(unit.T @ unit), checks=False))


def place_ranks(count: int, columns: int) -> np.ndarray:
    """Rank pairs of the first `count` cells of a grid of `columns` by their distance, as `unlikeness_ranks` does."""
    cells = np.stack(np.divmod(np.arange(count), columns), axis=1)
    return _ranked(pdist(cells))


def _ranked(pairs: np.ndarray) -> np.ndarray:
    # Correlations that differ by rounding only must be ties on every machine.
    ranks: np.ndarray = squareform(rankdata(np.round(pairs, 9)))
    return ranks


def _error(ranks: np.ndarray, near: np.ndarray) -> float:
    return float(np.abs(ranks - near).sum() / 2)


def _gains(ranks: np.ndarray, near: np.ndarray, place: int) -> np.ndarray:
    """Return by how much the error falls if what stands at `place` changes places with each other: ``[n]``."""
    now = np.abs(ranks - near)
    theirs_here, ours_there = np.abs(ranks - near[place]), np.abs(ranks[place] - near)
    here, there = now[place], now
    # Rows change but for the two places themselves, whose distance to each other stays.
    gains = here.sum() - here + there.sum(1) - there[:, place]
    gains -= theirs_here.sum(1) - theirs_here[:, place] - np.diagonal(theirs_here)
    gains -= ours_there.sum(1) - np.diagonal(ours_there) - ours_there[:, place]
    gains[place] = 0
    return np.asarray(gains)
