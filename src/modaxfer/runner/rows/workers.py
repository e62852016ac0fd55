"""Worker processes that make rows ahead of the training loop.

They are started afresh (spawned), since a copy of a process that has threads of its own, as tokenisers and torch have,
may hang. Interrupts are left to the process that trains; when it ends, by whatever means, they end too.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from typing import Any

from modaxfer.contracts import Example
from modaxfer.errors import RefusedError, RunFailedError
from modaxfer.runner.rows.live import Draw, RowMaker

__all__ = ["Job", "LiveRows", "worker_count"]

AHEAD = 2
"""Jobs per worker that are made ahead."""

MOST = 8
"""Workers of a process, where nobody says how many."""

WORTH = 5000
"""Makings of rows below which starting workers, which import torch, takes longer than it saves."""

_MAKERS: dict[str, RowMaker] = {}
"""In a worker: by stream."""


@dataclass(frozen=True)
class Job:
    """Rows of a stream that are needed together."""

    stream: str
    draws: tuple[Draw, ...]


class LiveRows:
    """The examples of jobs, made when they are asked for, or ahead by workers. A context manager.

    Args:
        makers: By stream.
        workers: Processes; 0 makes rows where they are asked for.

    Raises:
        RefusedError: A maker cannot be sent to a worker.
    """

    def __init__(self, makers: Mapping[str, RowMaker], workers: int) -> None:
        self._makers, self._most = dict(makers), AHEAD * workers
        self._waiting: deque[tuple[Job, Future[list[Example]]]] = deque()
        self._coming: Iterator[Job] = iter(())
        self._pool = _pool(self._makers, workers) if workers and makers else None

    def __enter__(self) -> LiveRows:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def expect(self, jobs: Iterable[Job]) -> None:
        """Say which jobs will be asked for next, in which order; what was expected before is forgotten."""
        self._forget()
        self._coming = iter(jobs) if self._pool is not None else iter(())
        self._fill()

    def take(self, job: Job) -> list[Example]:
        """Return the examples of `job`, one per draw.

        Raises:
            DataError: A row cannot be decoded.
            RunFailedError: An augmentation fails, or a worker was killed.
        """
        if self._pool is None:
            return self._makers[job.stream](job.draws)
        if not self._waiting or self._waiting[0][0] != job:
            self.expect([job])
        future = self._waiting.popleft()[1]
        self._fill()
        try:
            return future.result()
        except BrokenProcessPool as error:
            raise RunFailedError(
                "a worker process that makes augmented rows was killed",
                got=error,
                fix="it may have run out of memory: use fewer with --set train.workers=N, 0 for none",
            ) from error

    def close(self) -> None:
        """End the workers."""
        self._forget()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _fill(self) -> None:
        if self._pool is None:
            return
        with _nameless_main():
            for job in islice(self._coming, max(0, self._most - len(self._waiting))):
                self._waiting.append((job, self._pool.submit(_make, job)))

    def _forget(self) -> None:
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()


def worker_count(asked: int | None, rows: int, processes: int, device: str) -> int:
    """Return how many workers one process has.

    Args:
        asked: ``train.workers``; of all processes together.
        rows: How many rows will be made, over all epochs.
        processes: That train.
        device: Where they compute; on the CPU training itself takes the cores.
    """
    if asked is not None:
        return -(-asked // processes)
    if device == "cpu" or rows < WORTH:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(0, min(MOST, cores // processes - 1))


def _pool(makers: Mapping[str, RowMaker], workers: int) -> ProcessPoolExecutor:
    try:
        sent = pickle.dumps(dict(makers))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise RefusedError(
            "what makes augmented rows cannot be sent to worker processes",
            got=error,
            fix="make them in the process that trains: --set train.workers=0",
        ) from error
    return ProcessPoolExecutor(workers, get_context("spawn"), initializer=_begin, initargs=(sent,))


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Let workers start without running the user's script, which need not be written to be imported."""
    main = sys.modules["__main__"]
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)


def _begin(sent: bytes) -> None:
    """Make this process a worker."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    torch.set_num_threads(1)
    _MAKERS.update(pickle.loads(sent))  # noqa: S301 - from the process that started this one


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker was started by another process"
    connection.wait([parent.sentinel])
    os._exit(1)


def _make(job: Job) -> list[Example]:
    return _MAKERS[job.stream](job.draws)
