"""Learning curves as a page, a figure, a table for terminals and a notebook."""

from __future__ import annotations

import os
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from modaxfer.errors import MissingPackageError
from modaxfer.escaping import html_text, lines
from modaxfer.reports import figures
from modaxfer.reports.compiled import compiled
from modaxfer.reports.palette import DARK, LIGHT, Theme
from modaxfer.reports.pictures import Picture, picture_of
from modaxfer.reports.scores import interval_text, number
from modaxfer.result import write_atomically
from modaxfer.runner.compare.curve import stored_curve
from modaxfer.runner.compare.grid import label
from modaxfer.runner.compare.points import LearningCurve, read_curves
from modaxfer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["curve_table", "draw", "name_of", "notebook", "point_rows", "render", "write"]


def write(folder: Path) -> list[Path]:
    """Write ``curve.html`` and, with matplotlib, ``curve.png`` into `folder`, and return their paths."""
    page = folder / "curve.html"
    write_atomically(page, render(folder))
    drawn = figures.available() and bool(read_curves(folder))
    return [page, draw(folder)] if drawn else [page]


def render(folder: Path) -> str:
    """Return the page of the curves in `folder`."""
    curves, request = read_curves(folder), stored_curve(folder)
    shown = {key: value for key, value in request.to_dict().items() if key not in ("encoder", "strategy", "task")}
    return _template().render(
        curves=curves,
        by_class=not any(point.limit for curve in curves for point in curve.points),
        tables=[(curve, _points(curve)) for curve in curves],
        shared=shown,
        light=LIGHT,
        dark=DARK,
        drawn=_picture(curves),
        install=figures.INSTALL if not figures.available() else "",
        name_of=name_of,
        folder=folder.name,
        version=__version__,
    )


def draw(folder: Path) -> Path:
    """Draw ``curve.png`` into `folder` and return its path.

    Raises:
        MissingPackageError: matplotlib is not installed.
    """
    if not figures.available():
        raise MissingPackageError("matplotlib", "a figure", figures.INSTALL)
    path = folder / "curve.png"
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(_drawn(read_curves(folder), LIGHT))
    os.replace(temporary, path)
    return path


def name_of(curve: LearningCurve) -> str:
    """Return what people call a curve on its task."""
    return f"{label(curve.encoder)} {curve.strategy}"


def point_rows(curves: Sequence[LearningCurve]) -> list[dict[str, Any]]:
    """Return one flat mapping per curve and number of labels."""
    return [
        {
            "task": curve.task,
            "encoder": curve.encoder,
            "strategy": curve.strategy,
            "metric": curve.metric,
            "shots": point.shots,
            "limit": point.limit,
            "rows": point.rows,
            "draws": len(point.scores),
            "mean": point.mean,
            "low": None if point.interval is None else point.interval[0],
            "high": None if point.interval is None else point.interval[1],
        }
        for curve in curves
        for point in curve.points
    ]


def curve_table(curves: Sequence[LearningCurve]) -> tuple[list[str], list[list[str]]]:
    """Return columns and one row per curve and number of labels, for a terminal."""
    columns = ["task", "encoder", "strategy", "per class", "rows", "metric", "test", "95 % interval", "draws"]
    rows = [
        [label(curve.task), label(curve.encoder), curve.strategy, *_cells(curve, place)]
        for curve in curves
        for place in range(len(curve.points))
    ]
    return columns, rows


def notebook(folder: Path) -> str:
    """Render the curves in `folder` as a small HTML fragment, for a notebook's ``_repr_html_``."""
    curves = read_curves(folder)
    said = "".join(
        f"<li>{escape(lines(f'{label(curve.task)}, {name_of(curve)}'))}: {escape(lines(curve.said))}</li>"
        for curve in curves
    )
    columns, rows = curve_table(curves)
    heads = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(lines(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div><ul>{said}</ul><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def _points(curve: LearningCurve) -> list[list[str]]:
    return [_cells(curve, place) for place in range(len(curve.points))]


def _cells(curve: LearningCurve, place: int) -> list[str]:
    point = curve.points[place]
    return [
        "-" if point.limit is not None else "all" if point.shots is None else str(point.shots),
        f"{point.rows:,}",
        curve.metric,
        number(point.mean),
        interval_text(point.interval) if point.interval else "-",
        str(len(point.scores)),
    ]


@cache
def _template() -> Template:
    return compiled("curve.html.jinja", html_text, number=number, label=label)


def _picture(curves: Sequence[LearningCurve]) -> Picture | None:
    """Return the figure for light and for dark pages; None where it cannot be drawn."""
    if not curves or not figures.available():
        return None
    light, dark = (
        figures.Drawing(
            name="curve",
            caption="Points are means over draws with their 95 % interval, lines the fitted power law; dashed beyond "
            "what was measured, with the interval at twice the rows.",
            alternative="Test scores over labelled training rows, with the fitted power laws; the numbers stand in "
            "the tables below.",
            png=_drawn(curves, theme),
        )
        for theme in (LIGHT, DARK)
    )
    return picture_of(light, dark)


def _drawn(curves: Sequence[LearningCurve], theme: Theme) -> bytes:
    from modaxfer.reports.curve_plot import learning_curves

    return learning_curves(curves, [name_of(curve) for curve in curves], theme)
