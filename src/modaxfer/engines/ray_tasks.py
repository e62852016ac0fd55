"""A Ray cluster, or Ray on this machine: each job is a core task that starts its command line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modaxfer.engines.contract import Job, Over
from modaxfer.engines.job import ended_with, line_of
from modaxfer.engines.local import how
from modaxfer.engines.resources import Resources, cores, threads
from modaxfer.errors import RunFailedError

__all__ = ["RayTasks"]

STORE = 100 * 10**6
"""Bytes of Ray's object store, which holds words and exit statuses alone."""

ROOM, SHORT = 16, "/tmp"  # noqa: S108 - where Ray itself writes; what we make in it is ours alone
"""Letters that the name of a temporary folder may have, since sockets lie far below it; one that always fits."""

PAUSE = 1.0
"""Seconds in which an answer is waited for."""


class RayTasks:
    """Tasks of Ray: on the cluster that ``RAY_ADDRESS`` names, else on this machine.

    A task whose worker or machine is lost is over, and is started again as every job is; Ray's own retries are off, so
    that attempts are counted in one place.

    Args:
        jobs: Tasks at once.
        resources: What each is given; Ray keeps tasks apart by it.
        folder: Where it might write; what Ray writes lies in a temporary folder, which goes with it.

    Raises:
        RunFailedError: Ray cannot be started, or its cluster not be reached.
    """

    def __init__(self, jobs: int, resources: Resources, folder: Path) -> None:
        import ray

        self.jobs, self._ray, self._running = jobs, ray, dict[Any, Job]()
        self.cpus = resources.cpus or max(1, cores() // jobs)
        self._mine, self._own = not ray.is_initialized(), None
        if self._mine:
            self._own = _begin(ray, jobs * self.cpus)
        asked: dict[str, Any] = {"num_cpus": self.cpus, "num_gpus": resources.gpus, "max_retries": 0}
        if resources.memory_gb is not None:
            asked["memory"] = int(resources.memory_gb * 1e9)
        self._call = ray.remote(**asked)(subprocess.call)

    @property
    def told(self) -> str:
        """What the cluster has."""
        has = self._ray.cluster_resources()
        return (
            f"engine ray: {self.jobs} at once with {self.cpus} cores each; the cluster has {has.get('CPU', 0):g} cores,"
            f" {has.get('GPU', 0):g} GPUs and {has.get('memory', 0) / 1e9:.1f} GB memory for tasks"
        )

    def start(self, job: Job) -> None:
        """Hand the words of `job` to Ray."""
        self._running[self._call.remote(line_of(job, threads(self.cpus)))] = job

    def over(self) -> list[Over]:
        """Return the tasks that are over, after a moment where none is."""
        ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=PAUSE)
        return [self._over(task) for task in ready]

    def _over(self, task: Any) -> Over:
        job = self._running.pop(task)
        try:
            status = ended_with(self._ray.get(task))
        except self._ray.exceptions.RayError as error:
            return Over(job=job, status=None, how=f"{type(error).__name__}: {str(error).strip().splitlines()[0]}")
        return Over(job=job, status=status, how=how(status))

    def close(self) -> None:
        """Cancel the tasks that run; their command lines end with the workers."""
        for task in self._running:
            self._ray.cancel(task, force=True)
        self._running = {}
        if self._mine:
            self._ray.shutdown()
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)


def _begin(ray: Any, cpus: int) -> str | None:
    """Start Ray here and return the folder that it writes into; None where it is a cluster that runs."""
    own, asked = None, dict[str, Any](logging_level="warning")
    if not os.environ.get("RAY_ADDRESS"):
        place = tempfile.gettempdir()
        own = tempfile.mkdtemp(prefix="modaxfer-ray-", dir=place if len(place) <= ROOM else SHORT)
        asked = {
            "address": "local",
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": STORE,
            "logging_level": "error",  # It warns of each cluster of its own that it has a token.
            "_temp_dir": own,
        }
    try:
        with _signals_kept():
            ray.init(log_to_driver=False, **asked)
    except Exception as error:  # Ray raises plain ones.
        if own is not None and not os.listdir(own):
            os.rmdir(own)  # Else there is more on it in Ray's logs.
        raise RunFailedError(
            "Ray could not be started, or its cluster not be reached",
            got=str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__,
            fix="try again, since a busy machine may take longer than Ray waits (30 s); or name a cluster that runs in "
            "RAY_ADDRESS; or take --engine local",
        ) from error
    return own


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Undo what is done to the handlers of signals: Ray lets SIGTERM end the process without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler or signal.SIG_DFL)
