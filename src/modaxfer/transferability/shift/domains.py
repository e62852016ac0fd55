"""Telling rows of two tasks apart, by a linear classifier that has not seen the row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.contracts import Encoded
from modaxfer.transferability.predicted import linear_probe

if TYPE_CHECKING:
    from modaxfer.transferability.shift.pair import PairOfTasks

__all__ = ["a_distance", "target_shares"]


def target_shares(pair: PairOfTasks) -> np.ndarray:
    """Return how likely each compared row is one of the target's, ``[rows]``, the source's first.

    A linear probe of the domain, see `modaxfer.transferability.predicted.linear_probe`: its outputs are scaled to
    probabilities by other folds, and both tasks have the same number of rows.
    """
    found = linear_probe(
        Encoded(
            layers=pair.compared.astype(np.float32)[None],
            targets=pair.domain,
            problem="binary",
            classes=("source", "target"),
            metric="accuracy",
            groups=pair.all_groups,
            seed=pair.source.seed,
        )
    )
    assert found.scores is not None, "classes have probabilities"
    return np.asarray(found.scores[:, 1])


def a_distance(right: np.ndarray) -> np.ndarray:
    """Return the proxy A-distance ``2 (1 - 2 error)`` of shares of rows told right (Ben-David et al. 2007).

    0 where domains cannot be told apart, 2 where they always can; less than 0 by chance alone.
    """
    found: np.ndarray = 2 * (1 - 2 * (1 - np.asarray(right)))
    return found
