"""How scoring grows with rows and classes, from what ``make scaling`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tables.markdown import table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "scaling.json"
PARTS = {"carve": "carving a split", "chance": "chance", "intervals": "intervals", "simple": "simple baseline of texts"}


def scaling() -> str:
    """Return time and memory by part, rows and classes, and what an earlier version took where that was measured."""
    if not MEASURED.is_file():
        return "Not measured yet: run `make scaling`."
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    now, before = found["now"], found.get("before", {})
    flags = ", ".join(now["machine"]["flags"])
    made = f"{conditions(now)} Flags: {flags}. Load {now['machine']['load']} at the start."
    return "\n\n".join([made, _cells(now["cells"], before.get("cells", ()), found["limit_s"])])


def _cells(now: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]], limit: int) -> str:
    earlier = {(cell["part"], cell["classes"], cell["rows"]): cell for cell in before}
    rows = [
        [
            PARTS[cell["part"]],
            f"{cell['classes']:,}",
            f"{cell['rows']:,}",
            *(_shown(each, limit) for each in (cell, earlier.get((cell["part"], cell["classes"], cell["rows"])))),
        ]
        for cell in now
    ]
    return table(["", "classes", "rows", "now", "before"], rows)


def _shown(cell: Mapping[str, Any] | None, limit: int) -> str:
    if cell is None:
        return "-"
    if "failed" in cell:
        return f"over {limit} s" if cell["failed"] == "time" else "over 12 GB"
    return f"{cell['seconds']:.1f} s, {cell['megabytes']:,} MB"
