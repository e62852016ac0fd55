"""What came of many cells with failures, from what ``make engines`` stored."""

from __future__ import annotations

import json
from pathlib import Path

from tables.markdown import table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "engines.json"


def engines(measured: Path = MEASURED) -> str:
    """Return conditions, what was injected, and how often each cell did its work."""
    if not measured.is_file():
        return "Not measured yet: run `make engines`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    cells = found["cells"]
    rows = [
        ["cells", f"{cells:,}, {found['jobs']} at once on engine {found['engine']}"],
        ["cells killed in the middle (SIGKILL)", f"{found['killed']:,} times"],
        ["driver killed (SIGKILL)", f"after {found['ended_before']:,} cells, and started again"],
        ["did its work exactly once", f"{found['ran'].get('1', 0):,} of {cells:,}"],
        ["did it more often, or never", f"{cells - found['ran'].get('1', 0):,}"],
        ["seconds", f"{found['seconds']:,.0f} ({1000 * found['seconds'] / cells:.0f} ms a cell)"],
    ]
    return f"{conditions(found)} Load {found['machine']['load']} at the end.\n\n{table(['', ''], rows)}"
