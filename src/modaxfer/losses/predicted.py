"""Pseudo-labels: what a model says of rows, as targets of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from modaxfer.contracts import Criterion

__all__ = ["predicted"]


def predicted(criterion: Criterion, outputs: torch.Tensor) -> torch.Tensor:
    """Return what `outputs` ``[rows, outputs]`` say as targets.

    They are probabilities where the problem's loss takes such, else predictions. Of classes they are float32 ``[rows,
    classes]``: the likeliest is the pseudo-label, its probability how sure the model was.
    """
    predictions, scores = criterion.decode(outputs)
    hard = criterion.batch(np.ascontiguousarray(predictions))
    try:
        soft = criterion.soft(hard)
    except ConfigError:  # The problem knows no mean of two targets.
        return hard
    told = None if scores is None else torch.from_numpy(np.ascontiguousarray(scores))
    return told if told is not None and told.shape == soft.shape else soft
