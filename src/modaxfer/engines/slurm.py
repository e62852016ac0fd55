"""Slurm, by way of submitit: each job is a job of Slurm that starts its command line."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from modaxfer.engines.contract import Job, Over
from modaxfer.engines.job import ended_with, line_of
from modaxfer.engines.local import how
from modaxfer.engines.resources import Resources, threads
from modaxfer.errors import ConfigError

__all__ = ["Slurm"]

PAUSE = 0.5
"""Seconds between two looks; submitit asks Slurm itself less often."""


class Slurm:
    """Jobs of Slurm, or of submitit's executors ``local`` and ``debug``.

    Args:
        jobs: Jobs in the queue at once.
        resources: What each asks for.
        folder: Where submitit keeps what it submitted, shared with the machines of the cluster.

    Raises:
        ConfigError: There is no Slurm here.
    """

    def __init__(self, jobs: int, resources: Resources, folder: Path) -> None:
        import submitit

        self.jobs, self.cpus, self._cluster = jobs, resources.cpus or 1, resources.cluster
        self._running = list[tuple[Job, Any]]()
        try:
            self._executor = submitit.AutoExecutor(folder=folder / ".submitit", cluster=resources.cluster)
        except RuntimeError as error:
            raise ConfigError(
                "there is no Slurm here", got=str(error), fix="start it on a machine that has sbatch, or take --engine "
                "local; --resource cluster=local tries out the jobs on this machine",
            ) from error  # fmt: skip
        asked = {
            "name": "modaxfer", "timeout_min": resources.minutes, "cpus_per_task": self.cpus,
            "gpus_per_node": resources.gpus or None, "mem_gb": resources.memory_gb,
            "slurm_partition": resources.partition,
        }  # fmt: skip
        self._executor.update_parameters(**{key: value for key, value in asked.items() if value is not None})
        self._asked = ", ".join(f"{key} {value}" for key, value in asked.items() if key != "name" and value is not None)

    @property
    def told(self) -> str:
        """What each job asks for."""
        return f"engine slurm ({self._cluster}): {self.jobs} in the queue at once; each asks for {self._asked}"

    def start(self, job: Job) -> None:
        """Submit the words of `job`."""
        self._running.append((job, self._executor.submit(subprocess.call, line_of(job, threads(self.cpus)))))

    def over(self) -> list[Over]:
        """Return the jobs that are over, after a moment where none is."""
        ended = [(job, submitted) for job, submitted in self._running if submitted.done()]
        self._running = [each for each in self._running if each not in ended]
        if not ended:
            time.sleep(PAUSE)
        return [_over(job, submitted) for job, submitted in ended]

    def close(self) -> None:
        """Cancel the jobs that are in the queue or run."""
        for _, submitted in self._running:
            submitted.cancel(check=False)
        self._running = []


def _over(job: Job, submitted: Any) -> Over:
    failed = submitted.exception()
    if failed is None:
        status = ended_with(submitted.result())
        return Over(job=job, status=status, how=how(status))
    said = str(failed).strip().splitlines()
    return Over(job=job, status=None, how=f"job {submitted.job_id}: {said[0] if said else type(failed).__name__}")
