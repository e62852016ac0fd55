"""Cells of a grid on an engine: each is ``modaxfer train --config CELL --cell``, and what came of it lies in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from modaxfer.config import to_yaml
from modaxfer.engines import Ended, Job, Where, carried_out
from modaxfer.result import Result, write_atomically
from modaxfer.runner.claims.contents import KEPT
from modaxfer.runner.claims.hold import is_held
from modaxfer.runner.compare.cell import CellRun, Outcome, read_outcome
from modaxfer.runner.compare.grid import GridCell
from modaxfer.runner.folder import CELL_ENDED, CELL_LOG, CELL_REQUEST, absolute

__all__ = ["Found", "left_of", "run_elsewhere"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """A cell that has ended on an engine."""

    cell: GridCell
    outcome: Outcome
    took: str
    """Seconds, memory, and tries where there were several."""


def run_elsewhere(cells: Sequence[GridCell], where: Where, folder: Path, runs: CellRun) -> Iterator[Found]:
    """Run `cells` on an engine and yield each as it ends.

    Args:
        cells: Those that are missing.
        where: The engine.
        folder: The comparison's.
        runs: Makes room for cells, and says what is to be said.
    """
    jobs = {cell.name: _job(cell, runs) for cell in cells}
    engine = where.open(folder)
    runs.say(engine.told)
    asked = {cell.name: cell for cell in cells}
    with closing(carried_out(engine, jobs.values(), runs.say)) as ended:
        for each in ended:
            yield _found(asked[each.job.name], each)


def left_of(target: Path) -> bool:
    """Tell whether a cell left anything in its folder; files of its engine alone are removed with it."""
    if target.is_dir() and all(path.name in KEPT for path in target.iterdir()):
        for path in target.iterdir():
            path.unlink()
        target.rmdir()
    return target.exists()


def _job(cell: GridCell, runs: CellRun) -> Job:
    """Write what `cell` is asked for into its folder, which is cleared unless a process of before writes into it."""
    target = Path(str(cell.config.output)).absolute()
    if not is_held(target) and not runs.resumes(cell.config):
        runs.make_room(target)
    request = target / CELL_REQUEST
    write_atomically(request, to_yaml(replace(absolute(cell.config), output=str(target))))
    trusted = ("--trust-remote-code",) if cell.config.trust_remote_code else ()
    return Job(
        name=cell.name,
        command=(sys.executable, "-m", "modaxfer", "train", "--config", str(request), "--cell", *trusted),
        log=target / CELL_LOG,
        mark=target / CELL_ENDED,
    )


def _found(cell: GridCell, ended: Ended) -> Found:
    folder = ended.job.mark.parent
    if ended.died is not None:
        reason = f"its process died {ended.tries} times, at last by: {ended.died}; what it said: {ended.job.log}"
        return Found(cell=cell, outcome=Outcome(status="failed", reason=reason), took="")
    outcome = read_outcome(folder)
    took = _took(Result.load(folder)) if outcome.status == "completed" else ""
    return Found(cell=cell, outcome=outcome, took=took + (f", {ended.tries} tries" if ended.tries > 1 else ""))


def _took(result: Result) -> str:
    seconds, megabytes = result.time_s.get("total", 0.0), result.peak_memory_mb
    return f"{seconds:.0f} s" + (f", {megabytes:,.0f} MB" if megabytes else "")
