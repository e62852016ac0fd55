"""A candidate's frozen features: of training rows once, all layers, as strategy ``frozen`` keeps them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modaxfer.runner.context import RunContext
from modaxfer.runner.opening import open_sessions
from modaxfer.runner.progress import BarsOnly, Progress
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages

__all__ = ["Bench", "seconds_per_row"]

TIMED_ROWS, FIRST_ROWS = 32, 2
"""Rows whose pass is timed, and rows before them: the first pass of a process sets much up."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all runs of a recommendation share: a device, and where to tell how far it is."""

    accelerator: Any
    precision: str
    device: str
    progress: Progress

    def open(self, resolved: ResolvedTask) -> TaskSession:
        """Load the encoder of a task and prepare its rows."""
        return open_sessions([self.placed(resolved)], self.context())[0]

    def placed(self, resolved: ResolvedTask) -> ResolvedTask:
        """Return the task with device and arithmetic resolved."""
        return replace(resolved, config=replace(resolved.config, precision=self.precision, device=self.device))

    def context(self) -> RunContext:
        """Return a fresh context that writes no log."""
        warnings: list[str] = []
        progress = BarsOnly(self.progress)
        stages = Stages(warnings)
        return RunContext(accelerator=self.accelerator, stages=stages, progress=progress, warnings=warnings, log=None)


def seconds_per_row(session: TaskSession) -> float:
    """Return how long one pass through the encoder takes, over some rows of train that are encoded for that alone."""
    split = session.splits["train"]
    timed = np.unique(np.linspace(0, len(split.lengths) - 1, TIMED_ROWS).astype(int))
    model = session.model.eval()
    for rows in (timed[:FIRST_ROWS], timed):
        started = time.monotonic()
        for _ in session.forward(split.only(rows), lambda batch: model.layer_pools(batch, 0)):
            pass
    return (time.monotonic() - started) / len(timed)
