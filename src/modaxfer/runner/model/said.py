"""What the model of a finished run said of its validation rows: kept beside it, for whoever goes on from the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from modaxfer.contracts import Seen
from modaxfer.errors import DataError, RefusedError
from modaxfer.registry import problem_of, problem_spec
from modaxfer.runner.folder import VALIDATION
from modaxfer.runner.model.description import ModelDescription

__all__ = ["read_said", "require_said"]

LEAST = 1e-7
"""Shares are kept this far from 0 and 1, whose logarithm says nothing."""


def require_said(parent: ModelDescription) -> Path:
    """Return the file.

    Raises:
        DataError: The run has none: its problem has no scores, it saw no labels, or an older version made it.
    """
    assert parent.folder is not None, "a saved model was read from somewhere"
    path = parent.folder.parent / VALIDATION
    if not path.is_file():
        raise DataError(
            "the run does not say what its model said of validation rows, from which its mistakes would be known",
            file=path,
            fix="train it again, on labelled rows of classes; older versions did not keep it",
        )
    return path


def read_said(parent: ModelDescription) -> Seen:
    """Return outputs and targets of the validation rows, in the order of the run's classes.

    Outputs are made of the scores that are kept: logarithms of shares, or of odds where each label is by itself.

    Raises:
        DataError: There is no such file, or it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = require_said(parent)
    try:
        table = pq.read_table(path)
        scores = np.stack([table.column(f"score:{name}").to_numpy() for name in parent.classes], axis=1)
        targets = problem_of(parent.problem).labels.parse(table.column("target").to_pylist(), parent.classes)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError("a file of the run is damaged", file=path, got=error, fix="train it again") from None
    shares = torch.from_numpy(scores.clip(LEAST, 1 - LEAST)).float()
    outputs = shares.logit() if problem_spec(parent.problem).link == "sigmoid" else shares.log()
    known = parent.criterion.known(targets)

    def pooled() -> torch.Tensor:
        raise RefusedError(
            "a run keeps what its model said, not the vectors that it said it of",
            got=path,
            fix="look at outputs alone, or name the source with --source-task",
        )

    return Seen(outputs=outputs[torch.from_numpy(known)], pooled=pooled, targets=targets[known], score=None)
