"""README.md of an export: the run's own card, how this form is used, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modaxfer.local_paths import name_alone
from modaxfer.reports import card
from modaxfer.result import Result

__all__ = ["TITLES", "table_row", "write_card"]

TITLES = ("form", "MB", "p50 ms", "p95 ms", "peak MB", "largest difference")

USE = """
## This export

Form `{form}`, written by modaxfer {modaxfer}. {notes}

    python pipeline.py ROW ...

or, in Python, `from pipeline import Pipeline; Pipeline()(rows)`; modaxfer is not needed.

| {titles} |
|{rule}|
| {values} |

Measured in a process of its own, one row at a time, preparation included; the difference is that of {what} to the run
in float32, over {rows} rows of the {split} split.
"""


def write_card(result: Result, run: Path, folder: Path, told: Mapping[str, Any]) -> None:
    """Write ``README.md`` into the export's `folder`."""
    text = USE.format(
        **{name: told[name] for name in ("form", "modaxfer", "rows", "split")},
        notes=" ".join(f"{line[0].upper()}{line[1:]}." for line in map(name_alone, told["notes"])),
        titles=" | ".join(TITLES),
        rule="---|" * (len(TITLES) - 1) + "---",
        values=" | ".join(table_row(told)),
        what="probabilities" if result.data.get("classes") else "values, in deviations of the target,",
    )
    (folder / "README.md").write_text(card.render(result, run) + text, encoding="utf-8")


def table_row(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what an ``export.json`` says as the cells below `TITLES`."""
    peak = "unknown" if told["peak_mb"] is None else f"{told['peak_mb']:.0f}"
    form = told["form"] + (" int8" if told.get("int8") else "")
    numbers = (f"{told['mb']:.1f}", f"{told['p50_ms']:.1f}", f"{told['p95_ms']:.1f}", peak)
    return (form, *numbers, f"{told['difference']:.1e}")
