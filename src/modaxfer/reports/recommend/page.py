"""recommend.html: the plan, its rivals with their intervals, and how candidates were ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Template

from modaxfer.escaping import html_text, lines
from modaxfer.reports.compiled import compiled
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.reports.recommend.rows import candidate_rows, option_rows
from modaxfer.reports.recommend.sources import source_lines
from modaxfer.reports.recommend.words import called, changes, headline, reasons, refusals, told
from modaxfer.reports.scores import number
from modaxfer.result import write_atomically
from modaxfer.version import __version__

__all__ = ["notebook", "render", "write"]

PAGE = "recommend.html"


def write(found: Mapping[str, Any], folder: Path) -> Path:
    """Write ``recommend.html`` into the folder of a finished recommendation, and return its path."""
    path = folder / PAGE
    write_atomically(path, render(found))
    return path


def render(found: Mapping[str, Any]) -> str:
    """Return the page of a finished recommendation."""
    return _template().render(
        found=found,
        headline=headline(found),
        told=told(found),
        options=option_rows(found),
        candidates=candidate_rows(found),
        bars=_bars(found),
        ends=[number(end) for end in _ends(found)],
        reasons=reasons(found),
        changes=changes(found),
        refusals=refusals(found),
        sources=source_lines(found),
        light=LIGHT,
        dark=DARK,
        version=__version__,
    )


@cache
def _template() -> Template:
    return compiled("recommend.html.jinja", html_text)


def _bars(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return where intervals lie on a scale from the lowest end of any to the highest, in percent."""
    known = _known(found)
    if not known:
        return []
    least, most = _ends(found)
    width = float(most - least) or 1.0

    def place(value: float) -> float:
        return round(float(100 * (value - least) / width), 2)

    return [
        {
            "name": called(option),
            "chosen": called(option) == called(found["plan"]),
            "start": place(option["interval"][0]),
            "length": round(place(option["interval"][1]) - place(option["interval"][0]), 2),
            "middle": place(option["expected"]),
        }
        for option in known
    ]


def _known(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [option for option in found["options"] if None not in option["interval"]]


def _ends(found: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the lowest end of any interval and the highest; nothing where there is none."""
    ends = [end for option in _known(found) for end in option["interval"]]
    return (min(ends), max(ends)) if ends else ()


def notebook(found: Mapping[str, Any]) -> str:
    """Render a recommendation as a small HTML table, for a notebook's ``_repr_html_``."""
    if found.get("status") != "completed":
        return f"<p>{escape(headline(found))}.</p>"
    table = _table(*option_rows(found))
    command = f"<pre>{escape(lines(found['plan']['command']))}</pre>" if found["plan"]["command"] else ""
    return f"<div><p><strong>{escape(lines(headline(found)))}.</strong></p>{table}{command}</div>"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    heads = "".join(f"<th>{escape(lines(column))}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(lines(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
