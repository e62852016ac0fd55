"""How sure a mean over several trainings is: Student's t, and its correction for folds, whose trainings share rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["student_interval"]


def student_interval(
    values: Sequence[float],
    *,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    overlap: float = 0.0,
    level: float = 0.95,
) -> Interval:
    """Return the interval of the mean of `values`: mean ± t sqrt((1 / n + overlap) s²), with n - 1 degrees of freedom.

    Scores of models that were trained on overlapping rows vary less among each other than models trained on rows of
    their own would, so the plain interval is too narrow. For folds `overlap` is the ratio of test to training rows,
    1 / (folds - 1): the corrected resampled t (Nadeau & Bengio 2003, "Inference for the generalization error", section
    5). No estimate of the variance over folds is free of bias (Bengio & Grandvalet 2004); this one is on the safe side.

    Args:
        values: Scores of independent draws, or of folds.
        bounds: Least and greatest value that there can be, by which the interval is clipped: of two draws it reaches
            far beyond what an accuracy can be.
        overlap: 0 for independent draws.
        level: Probability that the interval is to hold.

    Returns:
        The interval; nan where there are fewer than two values, or one is undefined.
    """
    found = np.asarray(values, dtype=float)
    if len(found) < 2 or not np.isfinite(found).all():
        return Interval(math.nan, math.nan)
    from scipy.special import stdtrit

    spread = math.sqrt((1 / len(found) + overlap) * float(found.var(ddof=1)))
    half = float(stdtrit(len(found) - 1, (1 + level) / 2)) * spread
    middle, (least, most) = float(found.mean()), bounds
    return Interval(max(middle - half, least), min(middle + half, most))
