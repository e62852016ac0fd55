"""What installed plugins cost at start-up, from what ``make plugins-speed`` stored."""

from __future__ import annotations

import json
from pathlib import Path

from tables.markdown import table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "plugins.json"


def plugins_speed(measured: Path = MEASURED) -> str:
    """Return conditions, median seconds with and without plugins, and the median of the rounds' differences."""
    if not measured.is_file():
        return "Not measured yet: run `make plugins-speed`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    rows = [
        [
            f"`modaxfer {cell['command']}`",
            "processor" if clock == "cpu" else "wall",
            f"{cell[clock]['without']:.3f}",
            f"{cell[clock]['with']:.3f}",
            f"{cell[clock]['difference']:+.3f}",
            f"{cell[clock]['least']:+.3f} to {cell[clock]['most']:+.3f}",
        ]
        for cell in found["cells"]
        for clock in ("cpu", "wall")
    ]
    machine = found["machine"]
    made = (
        f"{conditions(found)} Flags {', '.join(machine['flags'])}; load {machine['load']}; "
        f"{found['plugins']} plugins, {found['rounds']} rounds."
    )
    columns = ["command", "clock", "without, s", f"with {found['plugins']}, s", "difference", "of all rounds"]
    return f"{made}\n\n{table(columns, rows)}"
