"""explanation.html: one page that travels, with text coloured, pictures overlaid and sounds to be played in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from modaxfer.escaping import html_text
from modaxfer.reports.compiled import compiled
from modaxfer.reports.explain.given import address, png, shown_values, spectrogram, wav
from modaxfer.reports.explain.marks import boxes, marks
from modaxfer.reports.explain.sizes import Sizes, sizes_of
from modaxfer.reports.explain.words import checks, headline, strongest, title
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.reports.scores import signed
from modaxfer.version import __version__

if TYPE_CHECKING:
    import torch

    from modaxfer.runner.explain.explain import Explanation, Near, RowExplanation, ScoreExplanation
    from modaxfer.runner.explain.part import Part
    from modaxfer.runner.rows.drawn import Drawn

__all__ = ["render"]

STRONGEST = 5
"""Units that are named for and against."""

LEAST_WIDTH, MOST_WIDTH = 288, 640
"""CSS pixels of a picture."""


def render(made: Explanation) -> str:
    """Return the page of an explanation."""
    return _template().render(
        title=title(made),
        made=made,
        rows=[_row(row, made) for row in made.rows],
        score=None if made.score is None else _score(made.score),
        light=LIGHT,
        dark=DARK,
        version=__version__,
    )


@cache
def _template() -> Template:
    return compiled("explanation.html.jinja", html_text)


def _row(row: RowExplanation, made: Explanation) -> dict[str, Any]:
    given, sizes = {each.key: each for each in row.given}, sizes_of(row)
    return {
        "headline": headline(row),
        "asked": row.made.answer.name,
        "unit": row.made.answer.unit,
        "inputs": shown_values(row.wanted.values, made.kinds, row.wanted.root),
        "parts": [
            _part(part, sums, given.get(part.key), sizes)
            for part, sums in zip(row.made.parts, row.made.sums, strict=True)
        ],
        "checks": checks(row),
        "bars": _bars(list(row.effects.items()), sizes),
        "near": [_near(near, made) for near in row.near],
    }


def _part(part: Part, sums: torch.Tensor, given: Drawn | None, sizes: Sizes) -> dict[str, Any]:
    values = [float(each) for each in sums]
    found: dict[str, Any] = {
        "kind": part.kind,
        "fields": ", ".join(part.fields),
        "said": part.said,
        "strongest": _bars(strongest(part, values, STRONGEST, sizes), sizes, ordered=True),
        "marks": marks(part.labels, values, sizes) if part.kind == "tokens" else [],
        "picture": "",
        "audio": "",
        "boxes": [],
        "size": "" if given is None else given.size,
    }
    if given is not None and given.pixels is not None:
        found |= _over_picture(part, values, given.pixels, sizes)
    if given is not None and given.samples is not None:
        picture = spectrogram(given.samples, given.rate)
        found |= {
            "picture": address(png(picture), "image/png"),
            "audio": address(wav(given.samples, given.rate), "audio/wav"),
            "width": MOST_WIDTH,
            "boxes": boxes(part, values, part.shape[1], part.shape[0], sizes),
            "ratio": "3 / 1",
        }
    return found


def _over_picture(part: Part, values: Sequence[float], pixels: Any, sizes: Sizes) -> dict[str, Any]:
    height, width = pixels.shape[:2]
    if part.kind == "patches":
        side = part.values.shape[1]
        columns, rows = width // side, height // side
    else:
        rows, columns = part.shape
    return {
        "picture": address(png(pixels), "image/png"),
        "width": min(MOST_WIDTH, max(LEAST_WIDTH, width)),
        "boxes": boxes(part, values, columns, rows, sizes),
        "ratio": f"{width} / {height}",
    }


def _near(near: Near, made: Explanation) -> dict[str, Any]:
    return {
        "number": near.number,
        "label": near.label,
        "distance": f"{near.distance:.3f}",
        "inputs": shown_values(near.values, made.kinds, made.root)[:12],
    }


def _bars(values: Sequence[tuple[str, float]], sizes: Sizes, *, ordered: bool = False) -> list[dict[str, Any]]:
    """Return bars from the middle of a scale, in percent of its width, the longest first unless they are `ordered`."""
    most = max((abs(value) for _, value in values), default=0.0) or 1.0
    return [
        {
            "name": name,
            "value": sizes(value),
            "side": "for" if value >= 0 else "against",
            "start": 50.0 if value >= 0 else 50 - 50 * abs(value) / most,
            "length": 50 * abs(value) / most,
        }
        for name, value in (values if ordered else sorted(values, key=lambda item: -abs(item[1])))
    ]


def _score(score: ScoreExplanation) -> Mapping[str, Any]:
    """Return what a chart of importances needs: where bars and intervals lie, in percent of the scale."""
    known = [one for one in score.fields if one.low == one.low and one.high == one.high]
    least = min([0.0, *(min(one.low, one.value) for one in known)])
    most = max([0.0, *(max(one.high, one.value) for one in known)])
    width = (most - least) or 1.0

    def place(value: float) -> float:
        return round(100 * (value - least) / width, 2)

    return {
        "metric": score.metric,
        "value": f"{score.score:.3f}",
        "rows": score.rows,
        "of": score.of,
        "repeats": score.repeats,
        "zero": place(0.0),
        "bars": [
            {
                "name": one.name,
                "value": signed(one.value),
                "interval": f"[{signed(one.low)}, {signed(one.high)}]",
                "start": place(min(0.0, one.value)),
                "length": round(abs(place(one.value) - place(0.0)), 2),
                "low": place(one.low) if one in known else 0.0,
                "range": round(place(one.high) - place(one.low), 2) if one in known else 0.0,
                "side": "for" if one.value >= 0 else "against",
            }
            for one in score.fields
        ],
    }
