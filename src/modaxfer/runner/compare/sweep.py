"""Run the cells of a grid, one after another; what cannot run becomes a row with its reason, and the rest goes on."""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modaxfer.errors import ConfigError, DataError, ModaxferError, PluginError
from modaxfer.result import Result, write_atomically
from modaxfer.runner import folder as run_folder
from modaxfer.runner.beside.schedule import is_complete, run_with_companions
from modaxfer.runner.claims.contents import discard
from modaxfer.runner.claims.hold import hold
from modaxfer.runner.claims.resumed import resumed
from modaxfer.runner.compare.evidence import weigh_cells
from modaxfer.runner.compare.grid import Grid, GridCell
from modaxfer.runner.compare.ledger import CellRecord, of_result, read_cells, write_cells
from modaxfer.runner.observed import observed
from modaxfer.runner.processes.launch import launched_world
from modaxfer.runner.progress import BarsOnly, Progress
from modaxfer.tasks.memory import Memory

__all__ = ["Sweep"]

TRACEBACK = "traceback.txt"


class Sweep:
    """One comparison being made.

    Args:
        grid: What is asked for.
        folder: The comparison's, claimed for `grid`.
        progress: Where to say how each cell ended.
        retry_failed: Run cells again that failed before; refused ones are asked again in any case.
        on_run: Called with each new result and its folder.
        on_change: Called after each cell, when compare.json has been written, and once more with the evidence.

    Raises:
        ConfigError: It was started by a launcher of several processes.
    """

    def __init__(
        self,
        grid: Grid,
        folder: Path,
        *,
        progress: Progress,
        retry_failed: bool = False,
        on_run: Callable[[Result, Path], Any] = lambda result, folder: None,
        on_change: Callable[[], Any] = lambda: None,
    ) -> None:
        if (launched_world() or 1) > 1:
            raise ConfigError(
                "a comparison starts the processes of its runs itself",
                got=f"{launched_world()} processes of a launcher",
                fix="use `modaxfer compare --num-processes N`",
            )
        self.folder, self.progress, self.retry_failed = folder, progress, retry_failed
        self.on_run, self.on_change = on_run, on_change
        self.cells, self.spending = grid.cells(folder), grid.spending
        self.memory = Memory()
        self.records = {record.key: record for record in read_cells(folder)}

    def run(self) -> tuple[CellRecord, ...]:
        """Run what is missing and return the records of all cells, in the order of the grid."""
        if self.spending:
            self.progress.say(f"warning: {self.spending}")
        for number, cell in enumerate(self.cells, start=1):
            started = time.monotonic()
            kept = self._kept(cell)
            record = kept or self._made(cell)
            self.records[cell.key] = record
            write_cells(self.folder, self._ordered())
            self.on_change()
            took = "from before" if kept else f"{time.monotonic() - started:.0f} s"
            self.progress.say(f"[{number}/{len(self.cells)}] {cell}: {_ending(record, took)}")
        if (evidence := weigh_cells(self.folder, self._ordered())) is not None:
            write_cells(self.folder, self._ordered(), evidence)
            self.on_change()
        return self._ordered()

    def _ordered(self) -> tuple[CellRecord, ...]:
        return tuple(self.records[cell.key] for cell in self.cells if cell.key in self.records)

    def _kept(self, cell: GridCell) -> CellRecord | None:
        """Return what is known of `cell` from an earlier start, None where it is to be run."""
        target = _target(cell)
        known = self.records.get(cell.key)
        if self._is_finished(target) and _is_of(cell, target):
            # What has failed beside a run counts as the run's own failure does.
            if not is_complete(target, tried=not self.retry_failed):
                return None
            return of_result(_place(cell), Result.load(target), self._name(target))
        if known is None or known.status != "failed" or self.retry_failed:
            return None
        return known

    def _made(self, cell: GridCell) -> CellRecord:
        target = _target(cell)
        resume = _is_of(cell, target) and (not run_folder.has_result(target) or self._is_finished(target))
        if not resume:
            self._make_room(target)
        gc.collect()  # the model before this one holds circles, and its room may be needed
        try:
            result = self._run(cell, target, resume=resume)
        except (Exception, SystemExit) as error:
            return self._ended(cell, error)
        return of_result(_place(cell), result, self._name(target))

    def _run(self, cell: GridCell, target: Path, *, resume: bool) -> Result:
        with observed() as watched:
            result, _ = run_with_companions(
                cell.config,
                resume=resume,
                shared=True,
                progress=BarsOnly(self.progress),
                memory=self.memory,
                observed=watched,
            )
            if not watched.elsewhere:
                self.on_run(result, target)
            watched.end(target)
        return result

    def _ended(self, cell: GridCell, error: BaseException) -> CellRecord:
        target = _target(cell)
        refused = _is_refusal(error) and not _weights_were_loaded(target)
        if refused:
            self._make_room(target)
        if not isinstance(error, ModaxferError):
            write_atomically(target / TRACEBACK, "".join(traceback.format_exception(error)))
        if run_folder.has_result(target):
            self.on_run(Result.load(target), target)
        return CellRecord(
            **_place(cell),
            status="refused" if refused else "failed",
            reason=_reason(error),
            run=self._name(target) if target.exists() else None,
        )

    def _is_finished(self, target: Path) -> bool:
        """Tell whether the run in `target` is finished; one whose result cannot be read is said, and is not."""
        try:
            return run_folder.is_finished(target)
        except DataError as error:
            self.progress.say(f"warning: the result of a cell is damaged, so the cell is run again: {error}")
            return False

    def _make_room(self, target: Path) -> None:
        """Clear the place of a cell; what holds a result or somebody's files is kept under another name, and said."""
        if target.exists():
            with hold(target):
                aside = discard(target)
            if aside is not None:
                self.progress.say(f"kept {target}, which is of another request or holds other files, as {aside.name}")

    def _name(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix()


def _target(cell: GridCell) -> Path:
    return Path(str(cell.config.output))


def _place(cell: GridCell) -> dict[str, Any]:
    return {"encoder": cell.encoder, "strategy": cell.strategy, "task": cell.task, "seed": cell.seed}


def _is_of(cell: GridCell, target: Path) -> bool:
    """Return whether the run in `target` was started with the config of `cell`."""
    if not (target / run_folder.CONFIG).is_file():
        return False
    try:
        resumed(cell.config)
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


def _ending(record: CellRecord, took: str) -> str:
    if record.status != "completed":
        return f"{record.status}: {record.reason}"
    score = "no score" if record.score is None else f"{record.score:.3f}"
    return f"{record.primary or 'done'} {score} ({took})"
