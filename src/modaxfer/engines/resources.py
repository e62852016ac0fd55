"""What each job may take of the machines."""

from __future__ import annotations

import os
from dataclasses import dataclass

from modaxfer.config import documented

__all__ = ["Resources", "cores", "memory", "threads"]


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one job is given; ``--resource KEY=VALUE``. A key that an engine has no use for is refused."""

    cpus: int | None = documented(
        None, "Cores of a job, and its threads. Default: those of this machine over --jobs; on Slurm 1.", minimum=1
    )
    gpus: int = documented(0, "GPUs of a job (ray, slurm).", minimum=0)
    memory_gb: float | None = documented(None, "Memory that is set aside for a job (ray, slurm).", above=0.0)
    minutes: int = documented(60, "Longest time of a job, after which it is run once more (slurm).", minimum=1)
    partition: str | None = documented(None, "Partition (slurm).")
    cluster: str = documented(
        "slurm", "Executor of submitit; local and debug try things out without Slurm (slurm).",
        choices=("slurm", "local", "debug"),
    )  # fmt: skip


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory() -> tuple[float, float]:
    """Return the memory of this machine that is free, and all of it, in 10^9 bytes."""
    import psutil

    found = psutil.virtual_memory()
    return found.available / 1e9, found.total / 1e9


def threads(cpus: int) -> dict[str, str]:
    """Return the variable that gives a job its threads; what the user has set decides."""
    return {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(cpus))}
