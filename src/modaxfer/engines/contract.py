"""What an engine is: it starts command lines and says which of them are over."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Engine", "Job", "Over"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One command line that may be started again after it died, and then goes on from where it was."""

    name: str
    """For people, and unique among the jobs of one engine."""
    command: tuple[str, ...]
    log: Path
    """What it says, all its attempts one behind the other."""
    mark: Path
    """File that it writes when it has ended, well or not; one that is over without it has died."""


@dataclass(frozen=True, kw_only=True)
class Over:
    """An attempt that is over."""

    job: Job
    status: int | None
    """Its exit status, that of a signal negative; None where it was lost with its machine."""
    how: str
    """For people: ``exit status 1``, ``killed by SIGKILL``, what the cluster says of a lost machine."""


class Engine(Protocol):
    """Somewhere that command lines run."""

    jobs: int
    """So many are started at once."""

    @property
    def told(self) -> str:
        """Where it is and what each job may take, on one line."""
        ...

    def start(self, job: Job) -> None:
        """Start `job`; what it prints goes to its log."""
        ...

    def over(self) -> list[Over]:
        """Return what is over since it was last asked, after a moment where that is nothing."""
        ...

    def close(self) -> None:
        """End everything that still runs, and let go of what the engine holds."""
        ...
