"""Run the cells of a grid, here or on an engine; what cannot run is a row with its reason, and the rest goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modaxfer.engines import Where
from modaxfer.errors import ConfigError
from modaxfer.result import Result
from modaxfer.runner.beside.schedule import is_complete
from modaxfer.runner.compare.cell import CellRun, Outcome, is_cell_of
from modaxfer.runner.compare.elsewhere import left_of, run_elsewhere
from modaxfer.runner.compare.evidence import weigh_cells
from modaxfer.runner.compare.grid import Grid, GridCell
from modaxfer.runner.compare.ledger import CellRecord, of_result
from modaxfer.runner.compare.table import Table
from modaxfer.runner.processes.launch import launched_world
from modaxfer.runner.progress import BarsOnly, Progress
from modaxfer.tasks.memory import Memory

__all__ = ["Sweep"]


@dataclass(frozen=True, kw_only=True)
class _Row:
    cell: GridCell
    record: CellRecord
    took: str


class Sweep:
    """One comparison being made.

    Args:
        grid: What is asked for.
        folder: The comparison's, claimed for `grid`.
        progress: Where to say how each cell ended.
        retry_failed: Run cells again that failed before; refused ones are asked again in any case.
        where: Engine that runs the cells, each in a process of its own; None = one after another, in this one.
        on_run: Called with each new result and its folder.
        on_change: Called when compare.json has been written: now and then while cells end, and with the evidence.

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
        where: Where | None = None,
        on_run: Callable[[Result, Path], Any] = lambda result, folder: None,
        on_change: Callable[[], Any] = lambda: None,
    ) -> None:
        if (launched_world() or 1) > 1:
            raise ConfigError(
                "a comparison starts the processes of its runs itself",
                got=f"{launched_world()} processes of a launcher",
                fix="use `modaxfer compare --num-processes N`",
            )
        self.folder, self.progress, self.retry_failed, self.where = folder, progress, retry_failed, where
        self.cells, self.spending = grid.cells(folder), grid.spending
        self.table = Table(folder, (cell.key for cell in self.cells), on_change)
        self.runs = CellRun(progress=BarsOnly(progress), say=progress.say, memory=Memory(), on_run=on_run)

    def run(self) -> tuple[CellRecord, ...]:
        """Run what is missing and return the records of all cells, in the order of the grid."""
        if self.spending:
            self.progress.say(f"warning: {self.spending}")
        try:
            for number, row in enumerate(self._rows(), start=1):
                self.table.take(row.record)
                self.progress.say(f"[{number}/{len(self.cells)}] {row.cell}: {_ending(row.record, row.took)}")
        finally:
            self.table.settle()
        if (evidence := weigh_cells(self.folder, self.table.cells())) is not None:
            self.table.write(evidence)
        return self.table.cells()

    def _rows(self) -> Iterator[_Row]:
        """Yield each cell as it ends; on an engine first those that are known from before."""
        missing = []
        for cell in self.cells:
            started = time.monotonic()
            if kept := self._kept(cell):
                yield _Row(cell=cell, record=kept, took="from before")
            elif self.where is not None:
                missing.append(cell)
            else:
                record = self._record(cell, self.runs.make(cell.config))
                yield _Row(cell=cell, record=record, took=f"{time.monotonic() - started:.0f} s")
        if self.where is None or not missing:
            return
        for found in run_elsewhere(missing, self.where, self.folder, self.runs):
            yield _Row(cell=found.cell, record=self._record(found.cell, found.outcome), took=found.took)

    def _kept(self, cell: GridCell) -> CellRecord | None:
        """Return what is known of `cell` from an earlier start, None where it is to be run."""
        target = _target(cell)
        known = self.table.records.get(cell.key)
        if self.runs.is_finished(target) and is_cell_of(cell.config):
            # What has failed beside a run counts as the run's own failure does.
            if not is_complete(target, tried=not self.retry_failed):
                return None
            return of_result(_place(cell), Result.load(target), self._name(target))
        if known is None or known.status != "failed" or self.retry_failed:
            return None
        return known

    def _record(self, cell: GridCell, outcome: Outcome) -> CellRecord:
        target = _target(cell)
        if outcome.status == "completed":
            return of_result(_place(cell), Result.load(target), self._name(target))
        run = self._name(target) if left_of(target) else None
        return CellRecord(**_place(cell), status=outcome.status, reason=outcome.reason, run=run)

    def _name(self, target: Path) -> str:
        return target.relative_to(self.folder).as_posix()


def _target(cell: GridCell) -> Path:
    return Path(str(cell.config.output))


def _place(cell: GridCell) -> dict[str, Any]:
    return {"encoder": cell.encoder, "strategy": cell.strategy, "task": cell.task, "seed": cell.seed}


def _ending(record: CellRecord, took: str) -> str:
    if record.status != "completed":
        return f"{record.status}: {record.reason}"
    score = "no score" if record.score is None else f"{record.score:.3f}"
    return f"{record.primary or 'done'} {score} ({took})"
