"""Ways to fine-tune on few rows beside the plain one of their kind, from what ``make methods`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, table
from tables.measured import conditions, gained, outcome

MEASURED = Path(__file__).resolve().parent.parent / "results" / "methods.json"
VERDICTS = {
    Outcome.BEATS: "better",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "worse",
    Outcome.NO_INTERVAL: "no interval, no claim",
}
MISSING = "not measured"


def methods(measured: Path = MEASURED) -> str:
    """Return conditions and a table per task, in which what was not measured says so."""
    if not measured.is_file():
        return "Not measured yet: run `make methods`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    return "\n\n".join([conditions(found), *(_task(task, found) for task in found["tasks"])])


def _task(task: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    title = f"### `{task['task']}`, {code(task['encoder'])}, {found['shots']} rows per class"
    if not task["cells"]:
        return f"{title}\n\nNo cell is measured."
    cells = {cell["way"]: cell for cell in task["cells"]}
    rows = [_row(way, kind, cells.get(way)) for way, kind in found["ways"].items()]
    head = f"{title}\n\n{task['metric']} on {task['test_rows']:,} test rows."
    return "\n\n".join([head, table(("way", "held against", "score", "over that", "95 % interval", "verdict"), rows)])


def _row(way: str, kind: str, cell: Mapping[str, Any] | None) -> list[str]:
    against = "" if way == kind else code(kind)
    if cell is None:
        return [code(way), against, MISSING, "", "", ""]
    low, high = cell["interval"]
    score = f"{cell['mean']:.3f} [{low:.3f}, {high:.3f}]"
    if "over" not in cell:
        return [code(way), against, score, "", "", ""]
    interval = cell["over"]["interval"]
    return [code(way), against, score, *gained(cell["over"]["value"], interval), VERDICTS[outcome(interval)]]
