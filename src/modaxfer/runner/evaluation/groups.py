"""Scores of parts of the rows: is there a group that the model serves worse than the whole?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modaxfer.metrics import CostMatrix, bootstrap, compute
from modaxfer.metrics.choice import direction

__all__ = ["LEAST", "MOST", "by_group"]

LEAST = 10
"""Rows of a group that may be called the worst: fewer are often all wrong by chance."""
MOST = 200
"""Groups that have a score of their own, the largest of them."""


def by_group(
    values: Sequence[str],
    metric: str,
    given: Mapping[str, Any],
    *,
    problem: str,
    cost: CostMatrix = (),
    seed: int,
    units: np.ndarray | None,
) -> dict[str, Any]:
    """Return ``test``, the score, 95 % interval and rows of each group, and the ``worst`` of at least `LEAST` rows.

    Groups stand by their size, the largest first. The worst is None where all groups are smaller, or undefined.

    Args:
        values: The group of each row.
        metric: A registered metric.
        given: ``references``, ``predictions`` and ``scores``, as for `modaxfer.metrics.compute`.
        problem: Registered name of what the target asks for.
        cost: As for `modaxfer.metrics.compute`.
        seed: Of the resamples.
        units: Numbers of the clusters that are drawn together; None where each row stands alone.
    """
    names, numbers, counts = np.unique(np.array(values, object).astype(str), return_inverse=True, return_counts=True)
    table: dict[str, dict[str, Any]] = {}
    for place in np.argsort(-counts, kind="stable")[:MOST]:
        rows = np.flatnonzero(numbers.reshape(-1) == place)
        own: dict[str, Any] = {name: None if array is None else array[rows] for name, array in given.items()}
        own |= {"problem": problem, "cost": cost}
        drawn = bootstrap([metric], seed=seed, clusters=None if units is None else units[rows], **own)
        score = compute([metric], **own)[metric]
        interval = [drawn[metric].low, drawn[metric].high]
        table[str(names[place])] = {"rows": len(rows), "score": score, "interval": interval}
    sign = direction(metric)
    judged = {
        name: sign * one["score"] for name, one in table.items() if one["rows"] >= LEAST and math.isfinite(one["score"])
    }
    return {"count": len(names), "test": table, "worst": min(judged, key=judged.__getitem__) if judged else None}
