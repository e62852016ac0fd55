"""What steps learn from, prepared where it is needed, or ahead by worker processes."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from modaxfer.contracts import Row
from modaxfer.errors import RunFailedError
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.pretraining.drawing import Drawing
from modaxfer.pretraining.mixture import Turns
from modaxfer.runner.rows.workers import worker_count

__all__ = ["ahead", "prepared_rows"]

AHEAD = 4
"""Steps per worker that are prepared ahead."""

PATIENCE = 600
"""Seconds until a worker that says nothing is given up."""


def prepared_rows(objective: Any, rows: Sequence[Row], seed: int, number: int) -> Any:
    """Return what `objective` prepares of rows, with chance that depends on `seed` and `number` alone."""
    return objective.prepare(rows, torch.Generator().manual_seed(hash((seed, number)) % 2**63))


def ahead(
    objective: Any, drawing: Drawing | Turns, config: PretrainingConfig, start: int, device: torch.device
) -> Generator[Any]:
    """Yield what is prepared for step `start` and all that follow, the same whatever number of workers prepares it.

    Workers are copies of this process: what prepares rows is made of functions that cannot be sent to another one.

    Args:
        objective: Prepares rows.
        drawing: Which rows a step sees.
        config: The request.
        start: The first step.
        device: Where training computes.

    Raises:
        RunFailedError: A worker was killed, or says nothing.
    """
    steps = _Steps(drawing, start, config.steps)
    workers = worker_count(config.workers, (config.steps - start) * config.batch_size, 1, device.type)
    if not workers:
        for number, rows in steps:
            yield prepared_rows(objective, rows, config.seed, number)
        return
    with warnings.catch_warnings():
        # More workers than cores is for the user to choose.
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        coming = iter(_loader(objective, steps, config, workers, device))
    try:
        yield from coming
    except RuntimeError as error:
        if "DataLoader" not in str(error):
            raise
        raise RunFailedError(
            "a worker process that prepares rows was killed, or says nothing", got=error,
            fix="it may have run out of memory: use fewer with --workers N, 0 for none",
        ) from error  # fmt: skip


def _loader(objective: Any, steps: _Steps, config: PretrainingConfig, workers: int, device: torch.device) -> Any:
    return DataLoader(
        _Prepared(objective, config.seed),
        sampler=steps,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=AHEAD,
        pin_memory=device.type == "cuda",
        timeout=PATIENCE,
        multiprocessing_context="fork",
        worker_init_fn=_begin,
        generator=torch.Generator(),
    )


class _Steps:
    """Numbers of steps, counted from 1, with their rows: drawn by the process that trains, so that it is done once."""

    def __init__(self, drawing: Drawing | Turns, start: int, stop: int) -> None:
        self._drawing, self._start, self._stop = drawing, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[tuple[int, list[Row]]]:
        for step in range(self._start, self._stop):
            yield step + 1, self._drawing.rows(step)


class _Prepared(Dataset[Any]):
    """By number of a step and its rows."""

    def __init__(self, objective: Any, seed: int) -> None:
        self._objective, self._seed = objective, seed

    def __getitem__(self, asked: tuple[int, list[Row]]) -> Any:
        number, rows = asked
        return prepared_rows(self._objective, rows, self._seed, number)


def _begin(worker: int) -> None:
    """Make this process a worker: interrupts are for the one that trains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
