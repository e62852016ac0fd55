"""Scores as files hold them: as short as they are precise; and those of rows that have one for each of their parts."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["as_written", "score_array", "score_lists"]


def score_lists(scores: np.ndarray) -> list[list[float | None] | None]:
    """Return an object array ``[rows]`` of scores as lists; None for NaN, and for a row without any."""
    return [None if row is None else [None if math.isnan(one) else float(one) for one in row] for row in scores]


def as_written(scores: np.ndarray) -> np.ndarray:
    """Return scores as float64 that print as shortly as their own precision needs: 0.3, not 0.30000001192092896."""
    if scores.dtype != np.float32:
        return scores.astype(np.float64)
    written: np.ndarray = scores.astype(str).astype(np.float64)
    return written


def score_array(lists: list[list[float | None] | None]) -> np.ndarray:
    """Return what `score_lists` returned as an object array ``[rows]`` of float64 arrays; NaN for None."""
    scores = np.empty(len(lists), dtype=object)
    for row, values in enumerate(lists):
        scores[row] = np.array([math.nan if one is None else one for one in values or ()], dtype=np.float64)
    return scores
