"""What waiting threads cost, from what ``make threads`` stored."""

from __future__ import annotations

import json
from pathlib import Path

from tables.markdown import table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "threads.json"

WORK = {
    "bar": "boosted trees on 60 rows",
    "encode": "encode 128 texts of 32 tokens, MiniLM's size",
    "train": "5 steps on 8 such texts",
}


def threads(measured: Path = MEASURED) -> str:
    """Return conditions, median seconds, and the median of the rounds' ratios with their range."""
    if not measured.is_file():
        return "Not measured yet: run `make threads`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    rows = [
        [
            WORK[cell["work"]],
            f"{cell['neighbours']} busy processes" if cell["neighbours"] else "alone",
            f"{cell['spin']:.2f}",
            f"{cell['sleep']:.2f}",
            f"{cell['ratio']:.2f}",
            f"{cell['least']:.2f} to {cell['most']:.2f}",
        ]
        for cell in found["cells"]
    ]
    made = f"{conditions(found)} Load {found['machine']['load']}, {found['rounds']} rounds."
    return f"{made}\n\n{table(['work', 'beside', 'spinning, s', 'sleeping, s', 'ratio', 'of all rounds'], rows)}"
