"""Runs that are opened and not yet trained, to look into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modaxfer.config import RunConfig
    from modaxfer.runner.context import RunContext
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.runner.session import TaskSession

Opened = tuple[list["TaskSession"], tuple["ResolvedTask", ...], "RunContext"]


@pytest.fixture(scope="session")
def opened() -> Callable[[RunConfig], Opened]:
    """Return a function from a request to its sessions, resolved tasks and what they share."""

    def opened(config: RunConfig) -> Opened:
        from modaxfer.runner.context import RunContext
        from modaxfer.runner.opening import open_sessions
        from modaxfer.runner.processes.accelerate import make_accelerator
        from modaxfer.runner.progress import Progress
        from modaxfer.runner.request.resolve import resolve_tasks
        from modaxfer.runner.stages import Stages

        accelerator, config = make_accelerator(config)
        tasks = resolve_tasks(config)
        warnings: list[str] = []
        context = RunContext(
            accelerator=accelerator, stages=Stages(warnings), progress=Progress(False), warnings=warnings, log=None
        )
        return open_sessions(tasks, context), tasks, context

    return opened
