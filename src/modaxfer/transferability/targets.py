"""Targets as the columns that a closed form fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.registry import problem_of

if TYPE_CHECKING:
    from modaxfer.contracts import Criterion, Encoded

__all__ = ["columns_of", "criterion_of"]


def criterion_of(encoded: Encoded) -> Criterion:
    """Return the criterion of the rows' targets."""
    return problem_of(encoded.problem).criterion(len(encoded.classes), encoded.targets)


def columns_of(encoded: Encoded) -> np.ndarray:
    """Return float64 ``[rows, outputs]``: one-hot classes, 0/1 labels, or the standardised value."""
    columns: np.ndarray = criterion_of(encoded).columns(encoded.targets).double().numpy()
    return columns
