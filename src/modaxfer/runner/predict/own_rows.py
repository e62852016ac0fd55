"""The rows that a run was made with, through its trained model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modaxfer.errors import DataError
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.predict.predictor import Predictor

__all__ = ["own_features"]

BLOCK = 2_048
"""Rows that are decoded together."""


def own_features(predictor: Predictor, run: Path, split: str) -> np.ndarray:
    """Return the vectors that the head takes of a split of the run's task, float32 ``[rows, width]``, in its order.

    Raises:
        DataError: There is no such split, or the rows are gone or others.
    """
    _, data = load_rows(run, partial=predictor.described.partial)
    if split not in data.splits:
        raise DataError("there is no such split", got=split, allowed=list(data.splits), fix="name one of these")
    rows = data.splits[split]
    blocks = (range(start, min(start + BLOCK, len(rows))) for start in range(0, len(rows), BLOCK))
    return np.concatenate([predictor.row_features(rows.select(block).to_list(), data.root) for block in blocks])
