"""One cell of a comparison in a process of its own, as engines start it: ``modaxfer train --config CELL --cell``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.api import make_config
from modaxfer.engines.parent import end_with_parent
from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from modaxfer.runner.compare.cell import Outcome

__all__ = ["run_cell"]


def run_cell(path: str | Path, *, trust_remote_code: bool = False, quiet: bool = False) -> Outcome:
    """Run the cell that the YAML file `path` asks for, and write what came of it into its folder as ``cell.json``.

    What lies in the folder is gone on with, or kept where it is finished; where another process writes into it, its end
    is waited for. A cell that is killed leaves no ``cell.json``.

    Args:
        path: A config with its ``output``.
        trust_remote_code: Whether code of checkpoints may be run.
        quiet: Keep silent on standard error.

    Raises:
        ConfigError: The file names no folder, or has a key or value that is wrong.
    """
    end_with_parent()
    given = {"trust_remote_code": True} if trust_remote_code else {}
    config = make_config(path, **given)  # type: ignore[arg-type]
    if config.output is None:
        raise ConfigError("a cell has a folder", got="no output", fix=f"write it into {path}: output: FOLDER")
    from modaxfer.reports import report_run
    from modaxfer.runner.compare.cell import CellRun
    from modaxfer.runner.processes.signals import heeded
    from modaxfer.runner.progress import Progress
    from modaxfer.tasks.memory import Memory

    progress = Progress(not quiet)
    with heeded():
        runs = CellRun(progress=progress, say=progress.say, memory=Memory(), on_run=report_run)
        outcome = runs.make(config, waits=True)
        outcome.write(Path(config.output))
    return outcome
