"""Runs that are opened and not yet trained, to look into."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from modaxfer.config import RunConfig
    from modaxfer.runner.cells.resolve import Cell
    from modaxfer.runner.opening import Surroundings
    from modaxfer.runner.session import Session

Opened = tuple[list["Session"], tuple["Cell", ...], "Surroundings"]


@pytest.fixture(scope="session")
def opened() -> Callable[[RunConfig], Opened]:
    """Return a function from a request to its sessions, cells and what they share."""

    def opened(config: RunConfig) -> Opened:
        from modaxfer.runner.cells.resolve import resolve_cells
        from modaxfer.runner.opening import Surroundings, open_sessions
        from modaxfer.runner.processes.accelerate import make_accelerator
        from modaxfer.runner.progress import Progress
        from modaxfer.runner.stages import Stages

        accelerator, config = make_accelerator(config)
        cells = resolve_cells(config)
        warnings: list[str] = []
        around = Surroundings(
            accelerator=accelerator, stages=Stages(warnings), progress=Progress(False), warnings=warnings, log=None
        )
        return open_sessions(cells, around), cells, around

    return opened
