"""How whole runs grow with rows, classes and fields, from what ``make growth`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tables.markdown import table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "growth.json"
NAMES = {
    "rows": "frozen run, by rows of texts",
    "deep rows": "frozen run on twelve layers, by rows of texts",
    "MiniLM rows": "frozen run on a body of MiniLM's size, by rows of texts",
    "pictures": "frozen run, by pictures",
    "table rows": "frozen run, by rows of a table of 100 fields",
    "classes": "frozen run of 10,000 texts, by classes",
    "fields": "frozen run of 2,000 rows of a table, by fields",
}
PARTS = {"carve": "carving a split", "chance": "chance", "intervals": "intervals", "simple": "simple baseline of texts"}
LINEAR = 1.1


def growth() -> str:
    """Return seconds and memory by size, and the exponent of each line."""
    if not MEASURED.is_file():
        return "Not measured yet: run `make growth`."
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    lines = {name: line for name, line in found["lines"].items() if line["cells"]}
    return "\n\n".join([conditions(found), _exponents(lines), _cells(lines, found["limit_s"])])


def _exponents(lines: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            _name(name),
            " to ".join(f"{size:,}" for size in _ends(line)),
            f"{line['exponent']:.2f}",
            "-" if line["interval"] is None else " to ".join(f"{end:.2f}" for end in line["interval"]),
            f"{line['last_step']:.2f}",
            "above 1.1" if max(line["exponent"], line["last_step"]) > LINEAR else "",
        ]
        for name, line in lines.items()
        if "exponent" in line
    ]
    return table(["what grows", "sizes", "exponent", "95 % interval", "last step", ""], rows)


def _cells(lines: Mapping[str, Mapping[str, Any]], limit: int) -> str:
    rows = [
        [_name(name), f"{int(size):,}", *_shown(cell, limit)]
        for name, line in lines.items()
        for size, cell in sorted(line["cells"].items(), key=lambda item: int(item[0]))
    ]
    return table(["what grows", "size", "processor", "memory added", "peak", "without pages of files"], rows)


def _shown(cell: Mapping[str, Any], limit: int) -> list[str]:
    if "failed" in cell:
        return [f"over {limit:,} s", "-", "-", "-"]
    own = f"{cell['own_mb']:,} MB" if "own_mb" in cell else "-"
    return [f"{cell['seconds']:,.2f} s", f"{cell['megabytes']:,} MB", f"{cell['peak_mb']:,} MB", own]


def _ends(line: Mapping[str, Any]) -> tuple[int, int]:
    sizes = [int(size) for size, cell in line["cells"].items() if "failed" not in cell]
    return min(sizes), max(sizes)


def _name(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    part, _, of = name.partition(" by ")
    return f"{PARTS[part]}, by {of}{' of 20 classes' if of == 'rows' else ' of 50,000 rows'}"
