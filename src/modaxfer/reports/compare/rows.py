"""A comparison as rows: one per cell for files, one per combination for people, and why cells have no score."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from modaxfer.escaping import csv_cell
from modaxfer.reports.compare.summary import summarise
from modaxfer.reports.scores import duration, interval_of, number
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.ledger import CellRecord

__all__ = ["cell_rows", "csv_text", "on_other_rows", "reasons", "summary_rows", "tally"]

BARS = ("chance", "majority", "simple")
STATUSES = ("completed", "refused", "failed")


def cell_rows(cells: Sequence[CellRecord]) -> list[dict[str, Any]]:
    """Return one flat mapping per cell, all with the same keys: what it is, its test scores, what it has to beat."""
    names = dict.fromkeys(name for cell in cells for name in cell.metrics.get("test") or {})
    return [
        {
            "encoder": cell.encoder,
            "strategy": cell.strategy,
            "task": cell.task,
            "seed": cell.seed,
            "status": cell.status,
            "primary": cell.primary,
            "validation": (cell.metrics.get("validation") or {}).get(cell.primary),
            "score": cell.score,
            "low": _end(cell, 0),
            "high": _end(cell, 1),
            **{baseline: _baseline(cell, baseline) for baseline in BARS},
            **{f"test_{name}": (cell.metrics.get("test") or {}).get(name) for name in names},
            "bridge": cell.bridge,
            "checkpoint": cell.checkpoint,
            "seconds": cell.seconds,
            "run": cell.run,
            "reason": cell.reason,
        }
        for cell in cells
    ]


def csv_text(cells: Sequence[CellRecord]) -> str:
    """Return `cell_rows` as comma-separated values with a header; what is not there is empty."""
    rows = cell_rows(cells)
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writerow({key: csv_cell(key) for key in rows[0]})
        writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def summary_rows(cells: Sequence[CellRecord]) -> tuple[list[str], list[list[str]]]:
    """Return columns and one row per combination that has a score, of each task the best on validation first.

    It is the one that is chosen: the best of many on test is the luckiest.
    """
    several = len({cell.seed for cell in cells}) > 1
    spread = "over seeds" if several else "95 % interval"
    columns = ["task", "encoder", "strategy", "bridge", "metric", "validation", "test", spread, *BARS, "time", ""]
    rows = []
    for summary in summarise(cells):
        rows += [
            [
                summary.task,
                label(found.encoder),
                found.strategy,
                found.bridge,
                summary.metric,
                number(found.validation),
                number(found.mean),
                found.spread,
                *(number(summary.baselines.get(name)) for name in BARS),
                duration(found.seconds),
                "chosen" if found is summary.best else "",
            ]
            for found in summary.by_validation
        ]
    return columns, rows


def reasons(cells: Sequence[CellRecord]) -> dict[str, dict[str, str]]:
    """Return, by status and reason, which cells have no score, as in ``bert, vit with lora on digits; ...``."""
    found: dict[str, dict[str, list[CellRecord]]] = {}
    for cell in cells:
        if cell.status != "completed":
            found.setdefault(cell.status, {}).setdefault(cell.reason or "", []).append(cell)
    return {
        status: {reason: _told_together(alike) for reason, alike in found[status].items()}
        for status in STATUSES
        if status in found
    }


def on_other_rows(cells: Sequence[CellRecord]) -> list[str]:
    """Name the tasks whose cells of one seed do not have the same rows: their scores cannot be compared row by row.

    A model that can do without a field keeps rows that another drops.
    """
    found: dict[tuple[str, int], set[str]] = {}
    for cell in cells:
        if "fingerprint" in cell.data:
            found.setdefault((cell.task, cell.seed), set()).add(str(cell.data["fingerprint"]))
    tasks = dict.fromkeys(task for (task, _), rows in found.items() if len(rows) > 1)
    return [
        f"cells of {task} were not all trained and scored on the same rows: some drop rows that others can read"
        for task in tasks
    ]


def tally(cells: Sequence[CellRecord]) -> str:
    """Count how cells ended: ``12 completed, 2 refused, 1 failed``."""
    count = Counter(cell.status for cell in cells)
    return ", ".join(f"{count[status]} {status}" for status in STATUSES if count[status]) or "nothing run yet"


def _end(cell: CellRecord, place: int) -> float | None:
    interval = interval_of(cell.intervals.get(cell.primary or ""))
    return interval[place] if interval else None


def _baseline(cell: CellRecord, name: str) -> float | None:
    return (cell.baselines.get(name) or {}).get(cell.primary)


def _told_together(cells: Sequence[CellRecord]) -> str:
    """Name cells in as few clauses as it takes: tasks of one combination first, then encoders, then strategies."""
    tasks = _joined(((label(cell.encoder), cell.strategy), label(cell.task)) for cell in cells)
    encoders = _joined(((strategy, on), encoder) for (encoder, strategy), on in tasks.items())
    strategies = _joined(((names, on), strategy) for (strategy, on), names in encoders.items())
    return "; ".join(
        f"{', '.join(names)} with {', '.join(several)} on {', '.join(on)}"
        for (names, on), several in strategies.items()
    )


def _joined(pairs: Iterable[tuple[Any, str]]) -> dict[Any, tuple[str, ...]]:
    found: dict[Any, dict[str, None]] = {}
    for key, value in pairs:
        found.setdefault(key, {})[value] = None
    return {key: tuple(values) for key, values in found.items()}
