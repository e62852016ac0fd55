"""What a run prints at its end, and tables for commands. Plain text where no terminal reads it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from modaxfer.reports import figures
from modaxfer.reports.headline import headline, is_sample, title, verdict
from modaxfer.reports.scores import (
    baseline_label,
    baselines_present,
    duration,
    interval_text,
    memory,
    number,
    score_rows,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.table import Table

    from modaxfer.reports.scores import ScoreRow
    from modaxfer.result import Result

__all__ = ["summary", "table"]


def summary(result: Result, folder: Path | None = None) -> str:
    """Return the end of a run as aligned plain text: score beside its baselines, verdict, cost, where the report lies.

    Args:
        result: What was found.
        folder: The run, to name its report.
    """
    lines = [title(result)] if result.status == "completed" else [headline(result)]
    if is_sample(result):
        lines.append(f"THIS IS A SAMPLE, NOT THE REAL DATA: {result.data['source']}")
    rows = score_rows(result)
    lines += _score_lines(result, rows)
    if any(row.primary and row.test is not None for row in rows):
        claim = verdict(result)
        lines.append(f"{claim[:1].upper()}{claim[1:]}.")
    lines += [line for line in (_splits(rows), _cost(result)) if line]
    lines += [f"warning: {warning}" for warning in result.warnings]
    return "\n".join(lines + (_places(folder) if folder else []))


def table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> Table | str:
    """Lay `rows` out under `columns`; a value that is absent or None is left blank.

    Returns:
        A rich table for a terminal (its console obeys ``NO_COLOR``); elsewhere, and on a dumb terminal, aligned text
        without colours, cuts or borders.
    """
    texts = [["" if row.get(column) is None else str(row[column]) for column in columns] for row in rows]
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return _aligned([list(columns), *texts])
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for cells in texts:
        made.add_row(*(Text(cell) for cell in cells))
    return made


def _score_lines(result: Result, rows: Sequence[ScoreRow]) -> list[str]:
    """One line per metric with a test score; baselines in columns, named on the first."""
    scored = [row for row in rows if row.test is not None]
    names = baselines_present(tuple(scored))
    cells = [
        [
            f"test {row.name}",
            number(row.test),
            interval_text(row.interval),
            *(
                f" {baseline_label(result, name)} {number(row.baselines[name])}" if name in row.baselines else ""
                for name in names
            ),
        ]
        for row in scored
    ]
    return _aligned(cells).splitlines()


def _splits(rows: Sequence[ScoreRow]) -> str:
    """The primary metric on the other splits: a wide gap to the test score is overfitting."""
    row = next((row for row in rows if row.primary), None)
    if row is None:
        return ""
    parts = [
        f"{split} {number(value)}" for split in ("validation", "train") if (value := getattr(row, split)) is not None
    ]
    return f"{row.name} elsewhere: {', '.join(parts)}" if parts else ""


def _cost(result: Result) -> str:
    total, speed, peak = result.time_s.get("total"), result.examples_per_s, result.peak_memory_mb
    stages = [f"{stage} {duration(seconds)}" for stage, seconds in result.time_s.items() if stage != "total"]
    parts = [
        f"time {duration(total)}" + (f" ({', '.join(stages)})" if stages else "") if total is not None else "",
        f"{speed:,.0f} examples/s" if speed is not None else "",
        f"peak memory {memory(peak)}" if peak is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def _places(folder: Path) -> list[str]:
    page = folder / "report.html"
    lines = [f"report   {page}" if page.is_file() else f"run      {folder}"]
    return lines if figures.available() else [*lines, f"figures  not drawn: {figures.INSTALL}"]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Pad columns to their widest cell, counted in terminal cells; nothing is cut."""
    from rich.cells import cell_len

    if not rows:
        return ""
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(padded)
