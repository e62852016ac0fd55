"""Finished runs compared, for Python and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas

__all__ = ["Evidence", "compare_runs", "stored_evidence"]


class Evidence:
    """Which differences between finished runs are evidence.

    Args:
        found: ``evidence`` of a comparison's compare.json.
    """

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found

    @property
    def tasks(self) -> dict[str, Mapping[str, Any]]:
        """What was found by task: ``chosen``, ``ties``, ``contenders``, ``pairs`` and more, as in compare.json."""
        return {task["task"]: task for task in self.found["tasks"]}

    def to_frame(self) -> pandas.DataFrame:
        """Return one row per pair: task, names, difference, interval, p-values, and whether it is evidence."""
        import pandas as pd

        return pd.DataFrame([{"task": task["task"], **pair} for task in self.found["tasks"] for pair in task["pairs"]])

    def __repr__(self) -> str:
        """Say of each task which way of training is the best."""
        best = {name: task["chosen"] for name, task in self.tasks.items()}
        return f"Evidence(best by validation: {best})"

    def plot(self, folder: str | Path = ".") -> list[Path]:
        """Draw the critical-difference figure into ``figures/ranks.png`` below `folder`, and return its path.

        There is none of fewer than five tasks; needs the extra ``plots``.
        """
        from modaxfer.reports.compare.ranking import write_figure

        return write_figure(self.found["ranks"], Path(folder))

    def _repr_html_(self) -> str:
        from modaxfer.reports.compare.evidence_page import fragment

        return fragment(self.found)


def stored_evidence(folder: Path) -> Evidence | None:
    """Return the evidence of the comparison in `folder`; None before it has ended.

    Raises:
        DataError: Its compare.json is of another schema, or is no JSON.
    """
    from modaxfer.runner.compare.ledger import read_evidence

    found = read_evidence(folder)
    return None if found is None else Evidence(found)


def compare_runs(
    runs: Sequence[str | Path], *, metric: str | None = None, output: str | Path | None = None
) -> Evidence:
    """Say which differences between finished runs are evidence, on the test rows that they have in common.

    Runs of one task are compared pair by pair; those that differ in their seed alone are repeats of one way of
    training. Differences are drawn over rows, or groups of rows that belong together, and seeds (paired bootstrap);
    p-values hold together over all pairs (Holm 1979).

    Args:
        runs: Folders of runs, or of comparisons, whose completed cells are taken.
        metric: Decides; None = the primary one of each task.
        output: A folder to write ``compare.json`` and ``compare.html`` to; None = none.

    Raises:
        DataError: A run is not finished, no two are of one task, they differ in labels, or share no test row.
        ConfigError: The metric does not apply, or a run is named twice.
        OutputExistsError: There is something in `output`.
    """
    from modaxfer.errors import OutputExistsError
    from modaxfer.reports.compare.evidence_page import page
    from modaxfer.reports.compare.ranking import write_figure
    from modaxfer.result import write_atomically
    from modaxfer.runner.compare.entries import entries_of_runs
    from modaxfer.runner.compare.evidence import weigh
    from modaxfer.runner.compare.ledger import SCHEMA

    folder = None if output is None else Path(output)
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputExistsError("the output folder is not empty", got=folder, fix="choose another --output")
    found = weigh(entries_of_runs([Path(run) for run in runs]), metric=metric)
    if folder is not None:
        written = {"schema": SCHEMA, "cells": [], "evidence": found}
        text = json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False)
        write_atomically(folder / "compare.json", text + "\n")
        write_atomically(folder / "compare.html", page(found, folder.name))
        write_figure(found["ranks"], folder)
    return Evidence(found)
