"""One cell of a grid: run, gone on with or refused, whatever process it is in; its end can be written to a file."""

from __future__ import annotations

import gc
import json
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, DataError, ModaxferError, PluginError, PluginFaultError
from modaxfer.result import Result, write_atomically
from modaxfer.runner import folder as run_folder
from modaxfer.runner.beside.schedule import run_with_companions
from modaxfer.runner.claims.contents import discard
from modaxfer.runner.claims.hold import HeldError, hold
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.observed import observed
from modaxfer.runner.progress import Progress
from modaxfer.tasks.memory import Memory

__all__ = ["CellRun", "Outcome", "is_cell_of", "read_outcome"]

TRACEBACK = "traceback.txt"

PAUSE = 2.0
"""Seconds between two tries to have a folder that another process writes into."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a cell."""

    status: str
    """``completed``, ``refused`` (before any weight was loaded) or ``failed``."""
    reason: str | None = None
    """Why it was refused or failed, on one line."""

    def write(self, folder: Path) -> None:
        """Store it in the cell's folder, as the last thing that is done."""
        told = {"status": self.status, "reason": self.reason}
        write_atomically(folder / run_folder.CELL_ENDED, json.dumps(told) + "\n")


def read_outcome(folder: Path) -> Outcome:
    """Return what came of the cell in `folder`, which has ended."""
    return Outcome(**json.loads((folder / run_folder.CELL_ENDED).read_text(encoding="utf-8")))


class CellRun:
    """Runs cells in this process.

    Args:
        progress: Of what is done in a cell.
        say: Told what becomes of files that are in the way.
        memory: What runs of this process have read of their tasks.
        on_run: Called with each new result and its folder.
    """

    def __init__(
        self,
        *,
        progress: Progress,
        say: Callable[[str], None],
        memory: Memory,
        on_run: Callable[[Result, Path], Any],
    ) -> None:
        self.progress, self.say, self.memory, self.on_run = progress, say, memory, on_run

    def make(self, config: RunConfig, *, waits: bool = False) -> Outcome:
        """Run a cell, or go on with it where it was begun with the same request; its errors are its outcome.

        Args:
            config: Of the cell, its folder named.
            waits: Whether to wait for its folder where another process writes into it.
        """
        while True:
            try:
                return self._tried(config, waits=waits)
            except HeldError as error:
                self.say(f"waits: {error}")
                time.sleep(PAUSE)

    def _tried(self, config: RunConfig, *, waits: bool) -> Outcome:
        target = Path(str(config.output))
        try:
            resume = self.resumes(config)
            if not resume:
                self.make_room(target)
            gc.collect()  # the model before this one holds circles, and its room may be needed
            result = self._run(config, target, resume=resume)
        except HeldError as error:
            if waits:
                raise
            return self._ended(target, error)
        except (Exception, SystemExit) as error:
            return self._ended(target, error)
        completed = result.status == "completed"
        return Outcome(status="completed" if completed else "failed", reason=None if completed else result.error)

    def resumes(self, config: RunConfig) -> bool:
        """Tell whether the run in the folder of `config` is gone on with, or kept where it is finished."""
        target = Path(str(config.output))
        return is_cell_of(config) and (not run_folder.has_result(target) or self.is_finished(target))

    def is_finished(self, target: Path) -> bool:
        """Tell whether the run in `target` is finished; one whose result cannot be read is said, and is not."""
        try:
            return run_folder.is_finished(target)
        except DataError as error:
            self.say(f"warning: the result of a cell is damaged, so the cell is run again: {error}")
            return False

    def make_room(self, target: Path) -> None:
        """Clear the place of a cell; what holds a result or somebody's files is kept under another name, and said."""
        if target.exists():
            with hold(target):
                aside = discard(target)
            if aside is not None:
                self.say(f"kept {target}, which is of another request or holds other files, as {aside.name}")

    def _run(self, config: RunConfig, target: Path, *, resume: bool) -> Result:
        with observed() as watched:
            result, _ = run_with_companions(
                config, resume=resume, shared=True, progress=self.progress, memory=self.memory, observed=watched
            )
            if not watched.elsewhere:
                self.on_run(result, target)
            watched.end(target)
        return result

    def _ended(self, target: Path, error: BaseException) -> Outcome:
        refused = _is_refusal(error) and not _weights_were_loaded(target)
        if refused and not isinstance(error, HeldError):
            self.make_room(target)
        if not isinstance(error, ModaxferError) or isinstance(error, PluginFaultError):
            write_atomically(target / TRACEBACK, "".join(traceback.format_exception(error)))
        if run_folder.has_result(target):
            self.on_run(Result.load(target), target)
        return Outcome(status="refused" if refused else "failed", reason=_reason(error))


def is_cell_of(config: RunConfig) -> bool:
    """Return whether the run in the folder of `config` was started with it."""
    if not (Path(str(config.output)) / run_folder.CONFIG).is_file():
        return False
    try:
        resumed(config)
    except ConfigError:
        return False
    return True


def _is_refusal(error: BaseException) -> bool:
    """A request that was wrong is refused; a plugin that is broken is nothing that was asked for."""
    return isinstance(error, ModaxferError) and error.exit_status == 2 and not isinstance(error, PluginError)


def _weights_were_loaded(target: Path) -> bool:
    """A run that was refused in time leaves no result, or one that broke off while it fetched weights."""
    return run_folder.has_result(target) and Result.load(target).time_s.get("load", 0.0) > 0.0


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ModaxferError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
