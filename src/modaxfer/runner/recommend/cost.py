"""What a whole run would take, from what parts of it took."""

from __future__ import annotations

import math

from modaxfer.runner.recommend.frozen import FEW_FOLDS, FOLDS
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["frozen_seconds", "moved_seconds"]

STARTED = 10.0
"""Seconds that every run takes beside its work: libraries, weights, baselines, reports."""

BACKWARD = 3.0
"""A training step in passes of its rows through the encoder."""


def frozen_seconds(resolved: ResolvedTask, seconds_per_row: float, folds_seconds: float) -> float:
    """Return the seconds of ``frozen`` on all rows: each is encoded once, and the search is made once."""
    rows = sum(resolved.data.rows.values())
    return STARTED + rows * seconds_per_row + folds_seconds / ((FOLDS + FEW_FOLDS) / 2)


def moved_seconds(resolved: ResolvedTask, seconds_per_step: float) -> float:
    """Return the seconds of a strategy trained by steps on all rows, validation after each epoch included."""
    rows, batch = resolved.data.rows, resolved.config.batch_size
    epochs = sum(phase.epochs for phase in resolved.plan.phases if phase.solver is None)
    steps = epochs * math.ceil(rows["train"] / batch)
    judged = (epochs * rows.get("validation", 0) + rows.get("test", 0)) / batch
    return STARTED + seconds_per_step * (steps + judged / BACKWARD)
