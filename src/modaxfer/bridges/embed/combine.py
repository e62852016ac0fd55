"""Which combinations of columns are worth a token, and which columns are: by mutual information with the target."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

__all__ = ["best", "information", "pairs"]

LOOKED_AT = 2000
"""Training rows that mutual information is estimated on: nearest neighbours are slow in more."""

PARENTS = 20
"""Columns of a kind that are paired with each other, the most informative ones; at most 190 pairs."""

FEWEST = 8
"""Training rows below which nearest neighbours say nothing."""


def information(features: Sequence[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """Estimate how much each feature says about the target, in nats (Ross 2014; Kraskov et al. 2004).

    Args:
        features: Each ``[rows]``: integers are codes, floats are numbers, of which NaN counts as the mean, 0.
        targets: int64 ``[rows]`` classes; float32 ``[rows, classes]`` 0/1, of which the mean is taken; float64
            ``[rows]`` numbers.

    Returns:
        ``[features]``; zeros for fewer than eight rows.
    """
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    if len(targets) < FEWEST or not features:
        return np.zeros(len(features))
    rows = np.unique(np.linspace(0, len(targets) - 1, min(LOOKED_AT, len(targets))).round().astype(int))
    table = np.stack([np.nan_to_num(feature[rows].astype(float)) for feature in features], axis=1)
    settings: dict[str, Any] = {
        "discrete_features": np.array([np.issubdtype(feature.dtype, np.integer) for feature in features]),
        "random_state": 0,
    }
    seen = targets[rows]
    if seen.ndim == 2:
        scores = np.mean([mutual_info_classif(table, label > 0.5, **settings) for label in seen.T], axis=0)
    elif np.issubdtype(seen.dtype, np.integer):
        scores = mutual_info_classif(table, seen, **settings)
    else:
        scores = mutual_info_regression(table, seen, **settings)
    return np.asarray(scores, dtype=float)


def pairs(names: Sequence[str], scores: Sequence[float] | np.ndarray) -> list[tuple[str, str]]:
    """Return all pairs of the most informative of `names`, in the order of `names`."""
    return list(combinations([names[place] for place in best(scores, PARENTS)], 2))


def best(scores: Sequence[float] | np.ndarray, count: int) -> list[int]:
    """Return the places of the `count` highest scores, rising; the earlier of equals."""
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    return sorted(order[:count])
