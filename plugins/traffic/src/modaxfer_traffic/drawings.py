"""How each of the 43 signs is drawn: a plate, and on it symbols of lines, discs, polygons and numbers.

Schematic, from this project's own hand: told apart by colour, outline and symbol as the real ones are, no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["DRAWINGS", "Disc", "Drawing", "Line", "Polygon", "Symbol", "Text"]

Point = tuple[float, float]
"""x to the right and y down, from -1 to 1 within the plate's inner field."""


@dataclass(frozen=True)
class Line:
    """A stroke through points."""

    points: Sequence[Point]
    width: float = 0.2
    colour: str = ""
    """Empty = the plate's ink."""


@dataclass(frozen=True)
class Disc:
    """A filled circle."""

    centre: Point
    radius: float
    colour: str = ""


@dataclass(frozen=True)
class Polygon:
    """A filled polygon."""

    points: Sequence[Point]
    colour: str = ""


@dataclass(frozen=True)
class Text:
    """A word or number in the middle of the plate."""

    words: str


Symbol = Line | Disc | Polygon | Text


@dataclass(frozen=True)
class Drawing:
    """A plate (see `modaxfer_traffic.sample`) and what stands on it."""

    plate: str
    symbols: tuple[Symbol, ...] = ()


def _mirrored(symbols: Sequence[Line | Polygon]) -> tuple[Symbol, ...]:
    return tuple(type(symbol)([(-x, y) for x, y in symbol.points]) for symbol in symbols)


def _arrow(*points: Point) -> tuple[Line | Polygon, ...]:
    """Return a shaft through `points` with a head at the last."""
    (x0, y0), (x1, y1) = points[-2:]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    tip = (x1 + 0.35 * dx, y1 + 0.35 * dy)
    return Line(points, 0.26), Polygon([tip, (x1 - 0.4 * dy, y1 + 0.4 * dx), (x1 + 0.4 * dy, y1 - 0.4 * dx)])


def _car(x: float, colour: str = "") -> tuple[Symbol, ...]:
    roof = [(x - 0.22, 0.0), (x - 0.16, -0.32), (x + 0.16, -0.32), (x + 0.22, 0.0)]
    return (Polygon(roof, colour), Polygon([(x - 0.36, 0), (x + 0.36, 0), (x + 0.36, 0.3), (x - 0.36, 0.3)], colour),
            Disc((x - 0.22, 0.34), 0.12, colour), Disc((x + 0.22, 0.34), 0.12, colour))  # fmt: skip


def _truck(x: float, colour: str = "") -> tuple[Symbol, ...]:
    load = [(x - 0.42, -0.5), (x + 0.12, -0.5), (x + 0.12, 0.28), (x - 0.42, 0.28)]
    cab = [(x + 0.16, -0.2), (x + 0.4, -0.2), (x + 0.46, 0.05), (x + 0.46, 0.28), (x + 0.16, 0.28)]
    return (Polygon(load, colour), Polygon(cab, colour),
            Disc((x - 0.22, 0.34), 0.14, colour), Disc((x + 0.28, 0.34), 0.14, colour))  # fmt: skip


def _walker(x: float, y: float, size: float) -> tuple[Symbol, ...]:
    def place(dx: float, dy: float) -> Point:
        return x + size * dx, y + size * dy

    return (Disc(place(0, -0.72), 0.2 * size), Line([place(0, -0.5), place(0, 0.1)], 0.24 * size),
            Line([place(-0.42, 0.8), place(0, 0.1), place(0.4, 0.8)], 0.18 * size),
            Line([place(-0.42, 0.05), place(0, -0.4), place(0.42, -0.05)], 0.14 * size))  # fmt: skip


_BEND = _arrow((0.35, 0.8), (0.35, 0.1), (-0.2, -0.35))
_AHEAD = _arrow((0.0, 0.8), (0.0, -0.45))
_TURN = _arrow((-0.35, 0.8), (-0.35, -0.15), (0.3, -0.15))
_BRANCH = _arrow((-0.25, 0.45), (0.35, 0.1))
_SHAFT = _arrow((-0.25, 0.85), (-0.25, -0.5))
_KEEP = _arrow((-0.55, -0.5), (0.35, 0.4))
_OVERTAKING = (*_car(-0.42, "red"), *_car(0.42))
_TRUCK_OVERTAKING = (*_truck(-0.45, "red"), *_car(0.48))
_STAR = tuple(Line([(-x, -y), (x, y)], 0.14) for x, y in ((0.0, 0.75), (0.65, 0.38), (-0.65, 0.38)))

DRAWINGS: Mapping[str, Drawing] = {
    **{f"speed limit {limit}": Drawing("prohibition", (Text(str(limit)),)) for limit in (20, 30, 50, 60, 70, 80)},
    "end of speed limit 80": Drawing("end", (Text("80"),)),
    **{f"speed limit {limit}": Drawing("prohibition", (Text(str(limit)),)) for limit in (100, 120)},
    "no passing": Drawing("prohibition", _OVERTAKING),
    "no passing for trucks": Drawing("prohibition", _TRUCK_OVERTAKING),
    "right of way at next crossing": Drawing(
        "warning", (*_arrow((0.0, 0.9), (0.0, -0.4)), Line([(-0.5, 0.25), (0.5, 0.25)], 0.16))
    ),
    "priority road": Drawing("priority"),
    "yield": Drawing("yield"),
    "stop": Drawing("stop", (Text("STOP"),)),
    "no vehicles": Drawing("prohibition"),
    "no trucks": Drawing("prohibition", _truck(0.0)),
    "no entry": Drawing("no entry", (Line([(-0.85, 0), (0.85, 0)], 0.45),)),
    "general caution": Drawing("warning", (Line([(0, -0.8), (0, 0.3)], 0.3), Disc((0, 0.72), 0.18))),
    "bend left": Drawing("warning", _BEND),
    "bend right": Drawing("warning", _mirrored(_BEND)),
    "double bend": Drawing("warning", _arrow((0.35, 0.9), (0.35, 0.55), (-0.3, 0.2), (0.3, -0.15), (0.0, -0.5))),
    "bumpy road": Drawing(
        "warning", (Disc((-0.45, 0.55), 0.42), Disc((0.45, 0.55), 0.42), Line([(-1, 0.8), (1, 0.8)], 0.3))
    ),
    "slippery road": Drawing(
        "warning",
        (
            *_car(0.0),
            Line([(-0.7, 0.95), (-0.3, 0.65), (-0.6, 0.5)], 0.1),
            Line([(0.1, 0.95), (0.5, 0.65), (0.3, 0.5)], 0.1),
        ),
    ),
    "road narrows on the right": Drawing(
        "warning",
        (Line([(-0.4, 0.9), (-0.4, -0.7)], 0.2), Line([(0.6, 0.9), (0.6, 0.4), (0.1, 0.0), (0.1, -0.7)], 0.2)),
    ),
    "road works": Drawing("warning", (*_walker(-0.25, 0.1, 0.8), Polygon([(0.15, 0.8), (0.5, 0.3), (0.9, 0.8)]))),
    "traffic signals": Drawing(
        "warning", (Disc((0, -0.5), 0.26, "red"), Disc((0, 0.1), 0.26, "gold"), Disc((0, 0.7), 0.26, "green"))
    ),
    "pedestrians": Drawing(
        "warning", (*_walker(0.0, -0.1, 0.85), *(Line([(x, 0.75), (x, 1)], 0.14) for x in (-0.7, 0, 0.7)))
    ),
    "children crossing": Drawing("warning", (*_walker(-0.4, 0.15, 0.75), *_walker(0.45, 0.3, 0.6))),
    "bicycles crossing": Drawing(
        "warning",
        (
            Disc((-0.48, 0.5), 0.4),
            Disc((-0.48, 0.5), 0.24, "white"),
            Disc((0.48, 0.5), 0.4),
            Disc((0.48, 0.5), 0.24, "white"),
            Line([(-0.48, 0.5), (-0.2, -0.05), (0.3, -0.05), (0.48, 0.5)], 0.12),
            Line([(-0.3, -0.2), (-0.05, -0.2)], 0.12),
        ),
    ),
    "ice or snow": Drawing("warning", _STAR),
    "wild animals": Drawing(
        "warning",
        (
            Polygon([(-0.6, 0.1), (0.3, -0.15), (0.5, 0.2), (-0.5, 0.4)]),
            Line([(-0.5, 0.3), (-0.75, 0.9)], 0.14),
            Line([(0.3, 0.2), (0.55, 0.85)], 0.14),
            Line([(0.3, 0), (0.55, -0.5), (0.8, -0.4)], 0.16),
            Line([(0.55, -0.5), (0.35, -0.95)], 0.09),
        ),
    ),
    "end of all limits": Drawing("end"),
    "turn right ahead": Drawing("order", _TURN),
    "turn left ahead": Drawing("order", _mirrored(_TURN)),
    "ahead only": Drawing("order", _AHEAD),
    "straight or right": Drawing("order", (*_SHAFT, *_BRANCH)),
    "straight or left": Drawing("order", _mirrored((*_SHAFT, *_BRANCH))),
    "keep right": Drawing("order", _KEEP),
    "keep left": Drawing("order", _mirrored(_KEEP)),
    "roundabout": Drawing(
        "order",
        (
            *_arrow((0.65, 0.35), (0.0, 0.72), (-0.45, 0.5)),
            *_arrow((-0.65, 0.35), (-0.62, -0.35), (-0.15, -0.65)),
            *_arrow((0.0, -0.72), (0.62, -0.35), (0.66, 0.0)),
        ),
    ),
    "end of no passing": Drawing("end", (*_car(-0.42), *_car(0.42))),
    "end of no passing for trucks": Drawing("end", (*_truck(-0.45), *_car(0.48))),
}
"""Name of the sign to its drawing, in the order of the official numbers."""
