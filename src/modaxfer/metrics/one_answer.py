"""What predictions say that are the same for every row: nothing was learned that tells rows apart."""

from __future__ import annotations

import numpy as np

__all__ = ["one_answer"]


def one_answer(references: np.ndarray, predictions: np.ndarray) -> tuple[str, ...]:
    """Return one line where every row is given the same answer, although the right ones differ; else nothing.

    Args:
        references: As for `modaxfer.metrics.compute`.
        predictions: As for `modaxfer.metrics.compute`.
    """
    if not _differ(references) or _differ(predictions):
        return ()
    what = "value" if references.dtype.kind == "f" and references.ndim == 1 else "answer"
    return (
        f"each of the {len(predictions)} rows scored is given the same {what}: nothing was learned that tells rows"
        " apart; more epochs, another learning rate (`--tune 10`) or another strategy may",
    )


def _differ(values: np.ndarray) -> bool:
    return any(not np.array_equal(values[0], each) for each in values[1:])
