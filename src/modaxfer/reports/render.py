"""All reports of a run, the built-in ones and those of plugins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.escaping import one_line
from modaxfer.fitted_lines import fit
from modaxfer.registry import Entry, FaultNote, call_target, fault, noted, registry
from modaxfer.result import Result

__all__ = ["report_run", "write_reports"]


def report_run(result: Result, folder: Path) -> None:
    """Render the run in `folder` that has just ended; a report that fails is noted in its result, which stands."""
    troubles: list[str] = []
    write_reports(result, folder, on_trouble=troubles.append)
    if troubles:
        faults = (note.told for note in troubles if isinstance(note, FaultNote))
        replace(result, warnings=(*result.warnings, *troubles), faults=(*result.faults, *faults)).save(folder)


def write_reports(result: Result, folder: Path, on_trouble: Callable[[str], object] = lambda text: None) -> list[Path]:
    """Render `result` with every registered report and return the files written; of a shared run, each task's too.

    A report that fails says so in one line on standard error; the result and the other reports stand, unless
    ``MODAXFER_STRICT=1`` and it is a plugin's.

    Args:
        result: What is shown.
        folder: Of the run; reports are written into it.
        on_trouble: Called with what is said of a report that failed.
    """
    written: list[Path] = []
    for entry in registry().all("report"):
        try:
            written += _files(entry, call_target(entry.spec.target, result, folder, kind="report"))
        except Exception as error:
            told = noted(one_line(f"a report is left out: {error}"), error)
            print(fit(f"modaxfer: {told}", sys.stderr), file=sys.stderr)  # noqa: T201
            on_trouble(told)
    for task in result.tasks.values():
        written += write_reports(Result.load(folder / task["run"]), folder / task["run"], on_trouble)
    return written


def _files(entry: Entry, made: Any) -> list[Path]:
    """Return the paths that a report has written, or refuse what is none."""
    if isinstance(made, Iterable) and not isinstance(made, str | bytes):
        paths = list(made)
        if all(isinstance(path, str | Path) for path in paths):
            return [Path(path) for path in paths]
    raise fault(
        entry, "returned no paths", got=type(made).__name__, allowed="the paths of the files that it has written"
    )
