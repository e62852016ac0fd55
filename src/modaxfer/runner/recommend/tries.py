"""A short run: a cell trained for as long as its box allows, judged on validation rows; no test row is read."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from modaxfer.plan import Plan
from modaxfer.runner.recommend.encode import Bench, seconds_per_row
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import Predictions, TaskSession
from modaxfer.runner.training.alignment import align_bridges
from modaxfer.runner.training.features import predict_known
from modaxfer.runner.training.plan import train_plan

__all__ = ["BACKWARD", "FEWEST_STEPS", "Tried", "try_cell"]

FEWEST_STEPS = 8
"""Optimiser steps that a short run has to have, or nothing is said by it."""

BACKWARD = 3.0
"""What a training step costs, in passes of its rows through the encoder: one forward, two backward."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What came of a short run."""

    validation: Predictions | None
    """Of the validation rows; None where it was too short to say anything."""
    score: float | None
    """The metric that decides, on validation, turned so that greater is better."""
    share: float
    """Of the optimiser steps that its plan has, those that were taken."""
    seconds: float
    """What it took, loading included."""
    seconds_per_step: float
    """Of the steps alone; predicted where none was taken."""


def try_cell(bench: Bench, resolved: ResolvedTask, seconds: float) -> Tried:
    """Train a cell for at most about `seconds`, and judge the best of its epochs.

    A plan that would take longer is shortened as a whole, so that its learning rates still rise and fall; where the
    estimate was wrong, training ends in the middle of them.

    Args:
        bench: Of the recommendation.
        resolved: The cell, its rows cut by `modaxfer.runner.recommend.rows.looked_at`.
        seconds: Of its box.

    Raises:
        ModaxferError: The cell cannot be trained.
    """
    started = time.monotonic()
    gc.collect()  # the model before this one holds circles
    torch.manual_seed(resolved.config.seed)
    np.random.seed(resolved.config.seed)
    session = bench.open(resolved)
    planned = _steps(resolved.plan, session)
    pace = BACKWARD * seconds_per_row(session) * resolved.config.batch_size
    left = seconds - (time.monotonic() - started)
    share = min(1.0, left / (pace * planned)) if planned else 1.0
    if planned and share * planned < min(FEWEST_STEPS, planned):
        return Tried(validation=None, score=None, share=0.0, seconds=time.monotonic() - started, seconds_per_step=pace)
    session.deadline = time.monotonic() + left
    steps, spent = _train(bench, resolved, session, share)
    made = predict_known(session, "validation")
    split = session.splits["validation"]
    return Tried(
        validation=made,
        score=session.judge(split.targets, made.predictions, made.scores),
        share=min(1.0, steps / planned) if planned else 1.0,
        seconds=time.monotonic() - started,
        seconds_per_step=spent / steps if steps else pace,
    )


def _train(bench: Bench, resolved: ResolvedTask, session: TaskSession, share: float) -> tuple[int, float]:
    """Carry out a shortened plan; return its steps and their seconds."""
    shortened = replace(resolved, plan=_shortened(bench.placed(resolved).plan, share))
    context = bench.context()
    with TemporaryDirectory(prefix="modaxfer-short-run-") as folder:
        align_bridges([session], (shortened,), context, Path(folder))
        trained = train_plan((shortened,), [session], context.stages, Path(folder))
    phases = trained.told["phases"]
    return sum(phase.get("steps", 0) for phase in phases), sum(phase.get("seconds", 0.0) for phase in phases)


def _steps(plan: Plan, session: TaskSession) -> int:
    rows = len(session.splits["train"].lengths)
    return sum(round(phase.epochs * -(-rows // session.batch_size)) for phase in plan.phases if phase.solver is None)


def _shortened(plan: Plan, share: float) -> Plan:
    return replace(plan, phases=tuple(replace(phase, epochs=phase.epochs * share) for phase in plan.phases))
