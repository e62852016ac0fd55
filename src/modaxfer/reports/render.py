"""All reports of a run, the built-in ones and those of plugins."""

from __future__ import annotations

import sys
from pathlib import Path

from modaxfer.escaping import one_line
from modaxfer.registry import load_target, registry
from modaxfer.result import Result

__all__ = ["write_reports"]


def write_reports(result: Result, folder: Path) -> list[Path]:
    """Render `result` with every registered report and return the files written; of a shared run, each task's too.

    A report that fails says so in one line on standard error; the result and the other reports stand.
    """
    written: list[Path] = []
    for entry in registry().all("report"):
        try:
            written += load_target(entry.spec.target)(result, folder)
        except Exception as error:
            said = one_line(f"modaxfer: report {entry.id} failed: {type(error).__name__}: {error}")
            print(said, file=sys.stderr)  # noqa: T201
    for task in result.tasks.values():
        written += write_reports(Result.load(folder / task["run"]), folder / task["run"])
    return written
