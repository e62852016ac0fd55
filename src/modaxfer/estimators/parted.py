"""Which rows of an estimator's choose epochs and temperature: a share of each class, or of the target's range."""

from __future__ import annotations

import numpy as np

from modaxfer.data.splits import hold_out
from modaxfer.registry import problem_of

__all__ = ["parted"]

FEWEST = 4
"""Rows from which on some can be put aside."""


def parted(problem: str, target: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Return the sorted positions of the rows that are not learned from.

    Args:
        problem: Registered name of the problem.
        target: ``[rows]``, class numbers or values.
        fraction: Share to put aside.
        seed: Seed of the choice.

    Raises:
        ValueError: The share is none, or there are too few rows.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_fraction is a share between 0 and 1, got {fraction}")
    if len(target) < FEWEST:
        raise ValueError(
            f"n_samples = {len(target)} is too few: at least {FEWEST} rows are needed to learn and to choose"
        )
    strata = problem_of(problem).labels.strata(target)
    return hold_out(strata, np.arange(len(target)), fraction, seed)
