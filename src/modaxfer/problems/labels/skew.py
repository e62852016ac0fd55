"""Whether a few targets decide a regression: squared errors then hear little of the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["skew_note"]

FEWEST = 50
"""Values below which none is called an exception."""
SHARE = 0.02
"""Of the values: where the largest so many make up half of the variance, they decide it."""


def skew_note(where: str, values: Sequence[float | None]) -> str:
    """Return a line where at most 2 % of all `values`, which are above zero, make up half of their variance.

    Args:
        where: They stand, for people.
        values: Of training rows; None and NaN are none.
    """
    known = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) < FEWEST or known.min() <= 0 or known.max() == known.min():
        return ""
    shares = known / known.max()
    far = np.sort(np.square(shares - shares.mean()))[::-1]
    few = int(np.searchsorted(far.cumsum(), far.sum() / 2)) + 1
    if few > max(1, SHARE * len(known)):
        return ""
    return (
        f"{where}: {few:,} of {len(known):,} values make up half of the variance, so they decide rmse, r2"
        " and what is learned; where ratios matter more than differences, predict a column of their logarithms"
    )
