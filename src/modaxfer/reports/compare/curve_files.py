"""The curves of a comparison as files: a picture (extra ``plots``) and its data for each task, beside the page."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.reports.compare.curves import overlay
from modaxfer.reports.figures import available
from modaxfer.reports.palette import LIGHT
from modaxfer.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.reports.compare.curves import Overlay
    from modaxfer.reports.compare.summary import TaskSummary

__all__ = ["write_curves"]


def write_curves(folder: Path, summaries: Sequence[TaskSummary]) -> list[Path]:
    """Write ``figures/curves-TASK.png`` and ``.json`` into the comparison `folder`, and return the pictures' paths.

    The JSON stands without matplotlib too; a task of which no run has logged epochs has neither.
    """
    paths = []
    for summary in summaries:
        drawn = overlay(folder, summary)
        if drawn is None:
            continue
        path = folder / "figures" / f"curves-{re.sub(r'[^A-Za-z0-9.+-]+', '-', summary.task)}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path.with_suffix(".json"), json.dumps(_data(drawn, summary), indent=1) + "\n")
        if available():
            from modaxfer.reports.compare.curve_plot import validation_curves

            temporary = path.with_name(f".{path.name}.tmp")
            temporary.write_bytes(validation_curves(drawn.curves, summary.metric, LIGHT))
            os.replace(temporary, path)
            paths.append(path)
    return paths


def _data(drawn: Overlay, summary: TaskSummary) -> dict[str, Any]:
    return {
        "task": summary.task,
        "across": "training rows seen",
        "up": f"validation {summary.metric}",
        "curves": [{"name": curve.name, "role": curve.role, "points": curve.points} for curve in drawn.curves],
    }
