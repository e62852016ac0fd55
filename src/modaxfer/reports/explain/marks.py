"""Attributions as marks on a page: a colour for what speaks for the answer, another for what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.reports.explain.sizes import Sizes

if TYPE_CHECKING:
    from modaxfer.runner.explain.part import Part

__all__ = ["Box", "Mark", "boxes", "marks"]

SPECIAL = ("##",)
"""What word pieces that go on a word begin with."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One token."""

    text: str
    glued: bool
    """Whether it goes on the word before."""
    side: str
    """``for``, ``against`` or empty."""
    strength: float
    """0 to 1."""
    value: str
    """As it is read."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """One cell over a picture, in percent of its width and height."""

    left: float
    top: float
    width: float
    height: float
    side: str
    strength: float
    value: str


def marks(labels: Sequence[str], values: Sequence[float], sizes: Sizes) -> list[Mark]:
    """Return tokens with what they add to the answer; the strongest has strength 1, what adds 0 no side."""
    most = _most(values)
    return [
        Mark(
            text=label.removeprefix("##").strip() or label,
            glued=label.startswith(SPECIAL),
            side=_side(sizes.rounded(value)),
            strength=abs(value) / most,
            value=sizes(value),
        )
        for label, value in zip(labels, values, strict=True)
    ]


def boxes(part: Part, values: Sequence[float], columns: int, rows: int, sizes: Sizes) -> list[Box]:
    """Return the units of a picture or a sound as cells of a grid.

    Args:
        part: What was cut into units; the lowest band of a sound comes first and stands at the bottom.
        values: What each unit adds.
        columns: Of the picture: those of its units, or of a strip the patches of a line.
        rows: Of the picture.
        sizes: How its numbers are written; what adds 0 has no side.
    """
    most, upside = _most(values), part.kind in ("sound", "spectrum")
    found = []
    for place, value in enumerate(values):
        row, column = divmod(place, columns)
        top = rows - 1 - row if upside else row
        found.append(
            Box(
                left=100 * column / columns,
                top=100 * top / rows,
                width=100 / columns,
                height=100 / rows,
                side=_side(sizes.rounded(value)),
                strength=abs(value) / most,
                value=sizes(value),
            )
        )
    return found


def _most(values: Sequence[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0) or 1.0


def _side(value: float) -> str:
    return "for" if value > 0 else "against" if value < 0 else ""
