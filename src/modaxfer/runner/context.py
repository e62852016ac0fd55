"""What all tasks of a run share beside their encoders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modaxfer.runner.observed import UNOBSERVED, Observed
from modaxfer.runner.progress import Progress
from modaxfer.runner.stages import Stages

__all__ = ["RunContext"]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Processes, clock and where to tell and write."""

    accelerator: Any
    stages: Stages
    progress: Progress
    warnings: list[str]
    log: Path | None
    """File that the run's log is written to; None in processes that write none."""
    sharded: bool = False
    """Whether frozen layers are cut over the processes."""
    observed: Observed = field(default=UNOBSERVED)
    """The run as observers see it."""

    def tell(self, warning: str) -> None:
        """Say a warning and keep it for the result, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.progress.warn(warning)
