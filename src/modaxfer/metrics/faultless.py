"""What rows say that a model has no error on: nothing varies between resamples, and yet the model may be wrong."""

from __future__ import annotations

import numpy as np

__all__ = ["lowest_accuracy", "without_error"]

CHANCE = 0.05
"""How often an accuracy that is still believed may show no error."""


def lowest_accuracy(rows: int) -> float:
    """Return the smallest accuracy at which `rows` rows without an error come up once in 20 times.

    The one-sided limit of Clopper & Pearson 1934, ``0.05 ** (1 / rows)``: about ``1 - 3 / rows``, the rule of three
    (Hanley & Lippman-Hand 1983).
    """
    return float(CHANCE ** (1 / rows))


def without_error(references: np.ndarray, predictions: np.ndarray, clusters: np.ndarray | None) -> tuple[str, ...]:
    """Return one line where no row is wrong, which leaves bootstrap intervals without a width; else nothing.

    Args:
        references: As for `modaxfer.metrics.compute`; values of a regression are never without error by this.
        predictions: As for `modaxfer.metrics.compute`.
        clusters: int ``[rows]``: rows with the same number count as one; None where each stands alone.
    """
    values = references.dtype.kind == "f" and references.ndim == 1
    if values or not all(np.array_equal(true, said) for true, said in zip(references, predictions, strict=True)):
        return ()
    units = len(references) if clusters is None else len(np.unique(clusters))
    of = f"{units} rows" if clusters is None else f"{units} groups of rows"
    return (
        f"none of the {of} scored is wrong, so intervals have no width: a model that is right"
        f" {lowest_accuracy(units):.1%} of the time would look so once in 20 times; more rows would say more",
    )
