"""This machine: a pool of processes, its cores divided between them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from modaxfer.engines.contract import Job, Over
from modaxfer.engines.parent import PARENT
from modaxfer.engines.resources import Resources, cores, memory, threads

__all__ = ["Local", "how"]

PAUSE = 0.02
"""Seconds between two looks at the processes."""

VISIBLE = "CUDA_VISIBLE_DEVICES"

GRACE = 20.0
"""Seconds in which a process that is asked to end may write its checkpoint."""


class Local:
    """A pool of processes on this machine.

    Args:
        jobs: Processes at once.
        resources: What each is given.
        folder: Where it might write; it does not.
    """

    def __init__(self, jobs: int, resources: Resources, folder: Path) -> None:
        self.jobs = jobs
        self.cpus = resources.cpus or max(1, cores() // jobs)
        self._running: list[tuple[Job, subprocess.Popen[bytes]]] = []
        self._devices = _devices()
        self._placed: dict[str, str] = {}

    @property
    def told(self) -> str:
        """How cores and memory are divided."""
        free, whole = memory()
        gpus = f", {len(self._devices)} GPUs in turn" if self._devices else ""
        return (
            f"engine local: {self.jobs} at once with {self.cpus} of {cores()} cores each{gpus}; {free:.1f} of"
            f" {whole:.1f} GB memory are free, {free / self.jobs:.1f} GB for each, which nothing enforces"
        )

    def start(self, job: Job) -> None:
        """Start `job` in a session of its own, so that Ctrl-C reaches it once, through us."""
        environment = {**os.environ, **threads(self.cpus), **self._device(job), PARENT: str(os.getpid())}
        with job.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - what is started is ours
                job.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((job, process))

    def _device(self, job: Job) -> dict[str, str]:
        """Return the variable that gives `job` the GPU with the fewest jobs; nothing where there is none."""
        if not self._devices:
            return {}
        busy = [self._placed[other.name] for other, _ in self._running]
        self._placed[job.name] = min(self._devices, key=busy.count)
        return {VISIBLE: self._placed[job.name]}

    def over(self) -> list[Over]:
        """Return the processes that are over, after a moment where none is."""
        ended = [(job, process) for job, process in self._running if process.poll() is not None]
        self._running = [each for each in self._running if each not in ended]
        if not ended:
            time.sleep(PAUSE)
        return [Over(job=job, status=process.returncode, how=how(process.returncode)) for job, process in ended]

    def close(self) -> None:
        """Ask all processes to end, and kill those that do not in time, with what they have started."""
        for _, process in self._running:
            process.terminate()
        until = time.monotonic() + GRACE
        for _, process in self._running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running = []


def _devices() -> list[str]:
    """Return the GPUs of NVIDIA that this process may use, as the driver names them; torch is not asked."""
    named = os.environ.get(VISIBLE)
    if named is not None:
        return [name for name in named.split(",") if name.strip()]
    return [str(number) for number in range(len(list(Path("/dev").glob("nvidia[0-9]*"))))]


def how(status: int) -> str:
    """Say how a process is over; a negative status is a signal's, as `subprocess` has it."""
    return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
