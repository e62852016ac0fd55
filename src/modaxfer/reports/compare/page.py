"""compare.html and compare.csv: a heat map per task beside what has to be beaten, and every cell with its run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from html import escape
from pathlib import Path
from urllib.parse import quote

from jinja2 import Template

from modaxfer.escaping import html_text, lines
from modaxfer.reports.claims import Outcome
from modaxfer.reports.compare.curve_files import write_curves
from modaxfer.reports.compare.curves import overlay
from modaxfer.reports.compare.evidence_page import WORDS
from modaxfer.reports.compare.heat import Shade, shade
from modaxfer.reports.compare.ranking import write_figure
from modaxfer.reports.compare.rows import csv_text, on_other_rows, reasons, summary_rows, tally
from modaxfer.reports.compare.summary import TaskSummary, summarise
from modaxfer.reports.compiled import compiled
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.reports.scores import duration, interval_of, interval_text, number
from modaxfer.result import write_atomically
from modaxfer.runner.compare.folder import stored_grid
from modaxfer.runner.compare.grid import Grid, label
from modaxfer.runner.compare.ledger import CellRecord, read_cells, read_evidence
from modaxfer.version import __version__

__all__ = ["headline", "notebook", "render", "write"]

MARKS = {
    Outcome.BEATS: "✓",
    Outcome.NO_EVIDENCE: "≈",
    Outcome.FALLS_SHORT: "✗",
    Outcome.NO_INTERVAL: "?",
}
"""How a score stands against the simple baseline."""

LEGEND_STEPS = 24


def write(folder: Path) -> list[Path]:
    """Write ``compare.html`` and ``compare.csv`` into the comparison `folder`, finished or not, and return their paths.

    Once it is finished also ``figures/curves-TASK.png``, and over five tasks and more ``figures/ranks.png``.

    Raises:
        ConfigError: There is no comparison in `folder`.
    """
    page, table = folder / "compare.html", folder / "compare.csv"
    write_atomically(page, render(folder))
    write_atomically(table, csv_text(read_cells(folder)))
    evidence = read_evidence(folder)
    if evidence is None:
        return [page, table]
    planned = [cell.key for cell in stored_grid(folder).cells(folder)]
    drawn = write_curves(folder, summarise(read_cells(folder), planned))
    return [page, table, *drawn, *write_figure(evidence.get("ranks"), folder)]


def render(folder: Path) -> str:
    """Return the page for the comparison in `folder`."""
    grid, cells = stored_grid(folder), read_cells(folder)
    planned = [cell.key for cell in grid.cells(folder)]
    return _template().render(
        axes=grid.axes,
        counted=_counted(grid),
        shared={key: value for key, value in grid.to_dict().items() if key not in vars(grid.axes)},
        headline=headline(cells, len(planned)),
        missing=len(planned) - len(cells),
        summaries=summarise(cells, planned),
        cells=cells,
        reasons=reasons(cells),
        other_rows=on_other_rows(cells),
        light=LIGHT,
        dark=DARK,
        legend=[shade(step / (LEGEND_STEPS - 1)) for step in range(LEGEND_STEPS)],
        marks=MARKS,
        outcomes=Outcome,
        report=_report_of(folder),
        shade=_shade,
        baselines=_baselines,
        interval=_interval,
        evidence=read_evidence(folder),
        overlay=partial(overlay, folder),
        folder=folder.name,
        version=__version__,
        **WORDS,
    )


@cache
def _template() -> Template:
    """Compile the page's template once: a comparison writes its page after every cell."""
    return compiled("compare.html.jinja", html_text, number=number, label=label, duration=duration)


def headline(cells: tuple[CellRecord, ...], planned: int) -> str:
    """Say how many cells have a score, and how the others ended."""
    scored = sum(cell.status == "completed" for cell in cells)
    rest = [part for part in tally(cells).split(", ") if not part.endswith("completed")] if cells else []
    waiting = planned - len(cells)
    rest += [f"{waiting} not run yet"] if waiting else []
    return f"{scored} of {planned} cells have a score" + (f"; {', '.join(rest)}" if rest else "")


def notebook(folder: Path) -> str:
    """Render the comparison in `folder` as a small HTML table, for a notebook's ``_repr_html_``."""
    cells = read_cells(folder)
    columns, rows = summary_rows(cells)
    heads = "".join(f"<th>{escape(lines(column))}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(lines(cell))}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    rest = "".join(
        f"<li>{escape(status)}: {escape(lines(names))}: {escape(lines(reason))}</li>"
        for status, found in reasons(cells).items()
        for reason, names in found.items()
    )
    planned = len(stored_grid(folder).cells(folder))
    listed = f"<ul>{rest}</ul>" if rest else ""
    return f"<div><p><strong>{escape(lines(headline(cells, planned)))}.</strong></p>{table}{listed}</div>"


def _report_of(folder: Path) -> Callable[[CellRecord], str]:
    """Return a function from a cell to the address of its run's report, empty where it has none."""

    def address(cell: CellRecord) -> str:
        page = f"{cell.run}/report.html"
        return quote(page) if cell.run and (folder / page).is_file() else ""

    return address


def _counted(grid: Grid) -> str:
    """Say how large the grid is: ``3 encoders x 2 strategies x 1 task x 2 seeds``."""
    axes = (
        (len(grid.axes.encoder), "encoder", "encoders"),
        (len(grid.axes.strategy), "strategy", "strategies"),
        (len(grid.tasks), "task", "tasks"),
        (grid.axes.seeds, "seed", "seeds"),
    )
    return " x ".join(f"{count} {one if count == 1 else many}" for count, one, many in axes)


def _shade(summary: TaskSummary, score: float) -> Shade:
    return shade(summary.place(score))


def _baselines(summary: TaskSummary) -> list[tuple[str, float]]:
    names = {"simple": f"simple ({summary.simple})" if summary.simple else "simple", "scratch": "from scratch"}
    return [(names.get(name, name), value) for name, value in summary.baselines.items()]


def _interval(cell: CellRecord) -> str:
    return interval_text(interval_of(cell.intervals.get(cell.primary or "")))
