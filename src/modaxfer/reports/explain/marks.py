"""Attributions as marks on a page: a colour for what speaks for the answer, another for what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    value: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """One cell over a picture, in percent of its width and height."""

    left: float
    top: float
    width: float
    height: float
    side: str
    strength: float
    value: float


def marks(labels: Sequence[str], values: Sequence[float]) -> list[Mark]:
    """Return tokens with what they add to the answer; the strongest has strength 1."""
    most = _most(values)
    return [
        Mark(
            text=label.removeprefix("##").strip() or label,
            glued=label.startswith(SPECIAL),
            side=_side(value),
            strength=abs(value) / most,
            value=value,
        )
        for label, value in zip(labels, values, strict=True)
    ]


def boxes(part: Part, values: Sequence[float], columns: int, rows: int) -> list[Box]:
    """Return the units of a picture or a sound as cells of a grid.

    Args:
        part: What was cut into units; the lowest band of a sound comes first and stands at the bottom.
        values: What each unit adds.
        columns: Of the picture: those of its units, or of a strip the patches of a line.
        rows: Of the picture.
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
                side=_side(value),
                strength=abs(value) / most,
                value=value,
            )
        )
    return found


def _most(values: Sequence[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0) or 1.0


def _side(value: float) -> str:
    return "for" if value > 0 else "against" if value < 0 else ""
