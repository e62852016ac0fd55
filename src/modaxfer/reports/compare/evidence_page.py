"""Evidence as HTML: a page of its own for runs, a part of a comparison's page, and a fragment for notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from modaxfer.escaping import html_text, lines
from modaxfer.reports.compare.evidence import contender_rows, headline, notes, over, pair_rows, sentence, verdict
from modaxfer.reports.compare.ranking import picture, rank_rows, rank_words
from modaxfer.reports.compare.script import SCRIPT, SCRIPT_HASH
from modaxfer.reports.compiled import compiled
from modaxfer.reports.figures import INSTALL
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.version import __version__

__all__ = ["WORDS", "fragment", "page"]

WORDS: dict[str, Any] = {
    "contender_rows": contender_rows,
    "install": INSTALL,
    "notes": notes,
    "over": over,
    "pair_rows": pair_rows,
    "picture": picture,
    "rank_rows": rank_rows,
    "rank_words": rank_words,
    "script": SCRIPT,
    "script_hash": SCRIPT_HASH,
    "sentence": sentence,
    "verdict": verdict,
}
"""What the template of the evidence calls."""


def page(evidence: Mapping[str, Any], name: str) -> str:
    """Return a page about finished runs, called `name`."""
    template = compiled("runs.html.jinja", html_text)
    return template.render(
        evidence=evidence, name=name, light=LIGHT, dark=DARK, version=__version__, headline=headline(evidence), **WORDS
    )


def fragment(evidence: Mapping[str, Any]) -> str:
    """Return the evidence as small HTML tables, for a notebook's ``_repr_html_``."""
    parts = []
    if evidence.get("ranks"):
        parts += [*(f"<p>{_text(words)}</p>" for words in rank_words(evidence["ranks"]))]
        parts.append(_table(*rank_rows(evidence["ranks"])))
    for task in evidence["tasks"]:
        parts.append(f"<p><strong>{_text(task['task'])}</strong> ({_text(over(task))}): {_text(verdict(task))}</p>")
        parts += [_table(*contender_rows(task)), _table(*pair_rows(task))]
        parts += [f"<p>{_text(note)}</p>" for note in notes(task)]
    return f"<div>{''.join(parts)}</div>"


def _table(columns: list[str], rows: list[list[str]]) -> str:
    heads = "".join(f"<th>{_text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _text(words: str) -> str:
    return escape(lines(words))
