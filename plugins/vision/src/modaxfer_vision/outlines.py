"""The outlines of seven things, seen from the side, as ovals, polygons and strokes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = ["OUTLINES", "Oval", "Part", "Point", "Shape", "Stroke"]

Point = tuple[float, float]
"""x to the front and y down, from -1 to 1."""


@dataclass(frozen=True)
class Oval:
    """An ellipse with upright axes."""

    centre: Point
    radii: Point
    detail: bool = False
    """Whether it is drawn dark on the body."""

    def moved(self, place: Callable[[Point], Point], size: float) -> Oval:
        """Return it with its centre at `place` and `size` times as large."""
        return replace(self, centre=place(self.centre), radii=(size * self.radii[0], size * self.radii[1]))


@dataclass(frozen=True)
class Shape:
    """A polygon."""

    points: Sequence[Point]
    detail: bool = False

    def moved(self, place: Callable[[Point], Point], size: float) -> Shape:
        """Return it with its points at `place`."""
        return replace(self, points=[place(point) for point in self.points])


@dataclass(frozen=True)
class Stroke:
    """A broad line with round ends."""

    points: Sequence[Point]
    width: float
    detail: bool = False

    def moved(self, place: Callable[[Point], Point], size: float) -> Stroke:
        """Return it with its points at `place` and `size` times as broad."""
        return replace(self, points=[place(point) for point in self.points], width=size * self.width)


Part = Oval | Shape | Stroke


def _legs(*places: float, top: float, bottom: float, width: float) -> tuple[Part, ...]:
    return tuple(Stroke([(x, top), (x, bottom)], width) for x in places)


def _box(left: float, top: float, right: float, bottom: float, detail: bool = False) -> Shape:
    return Shape([(left, top), (right, top), (right, bottom), (left, bottom)], detail)


OUTLINES: Mapping[str, tuple[Part, ...]] = {
    "dog": (
        Oval((-0.1, 0.2), (0.55, 0.24)),
        *_legs(-0.5, -0.3, 0.15, 0.33, top=0.3, bottom=0.85, width=0.15),
        Stroke([(-0.6, 0.1), (-0.9, -0.25)], 0.12),
        Stroke([(0.35, 0.1), (0.55, -0.2)], 0.26),
        Oval((0.6, -0.3), (0.24, 0.2)),
        Stroke([(0.7, -0.24), (0.9, -0.22)], 0.18),
        Stroke([(0.5, -0.38), (0.42, -0.1)], 0.14, detail=True),
        Oval((0.95, -0.26), (0.06, 0.06), detail=True),
    ),
    "elephant": (
        Oval((-0.15, 0.0), (0.7, 0.5)),
        *_legs(-0.6, -0.32, 0.05, 0.33, top=0.2, bottom=0.85, width=0.24),
        Oval((0.58, -0.2), (0.32, 0.36)),
        Stroke([(0.82, -0.1), (0.92, 0.3), (0.85, 0.7)], 0.18),
        Stroke([(-0.82, 0.0), (-0.92, 0.4)], 0.06),
        Oval((0.34, -0.18), (0.16, 0.28), detail=True),
        Oval((0.72, -0.25), (0.05, 0.05), detail=True),
    ),
    "giraffe": (
        Oval((-0.25, 0.2), (0.45, 0.24)),
        *_legs(-0.6, -0.42, 0.0, 0.15, top=0.3, bottom=0.95, width=0.1),
        Stroke([(0.1, 0.1), (0.5, -0.75)], 0.2),
        Stroke([(0.48, -0.8), (0.78, -0.68)], 0.18),
        Stroke([(0.45, -0.85), (0.42, -1.0)], 0.06),
        *(Oval(centre, (0.08, 0.08), detail=True) for centre in ((-0.5, 0.15), (-0.25, 0.28), (-0.15, 0.08))),
        *(Oval(centre, (0.07, 0.07), detail=True) for centre in ((0.05, 0.2), (0.22, -0.15), (0.38, -0.48))),
    ),
    "guitar": (
        Oval((-0.4, 0.45), (0.46, 0.46)),
        Oval((-0.05, 0.1), (0.34, 0.34)),
        Stroke([(0.1, -0.05), (0.75, -0.7)], 0.13),
        Shape([(0.68, -0.78), (0.88, -0.98), (0.98, -0.88), (0.78, -0.68)]),
        Oval((-0.18, 0.23), (0.14, 0.14), detail=True),
        Stroke([(-0.55, 0.6), (0.8, -0.75)], 0.03, detail=True),
        Stroke([(-0.66, 0.5), (-0.44, 0.72)], 0.07, detail=True),
    ),
    "horse": (
        Oval((-0.15, 0.1), (0.58, 0.28)),
        *_legs(-0.6, -0.42, 0.18, 0.35, top=0.2, bottom=0.92, width=0.13),
        Stroke([(0.3, 0.0), (0.55, -0.55)], 0.3),
        Stroke([(0.55, -0.6), (0.9, -0.35)], 0.24),
        Shape([(0.45, -0.7), (0.52, -0.98), (0.64, -0.7)]),
        Stroke([(-0.7, 0.0), (-0.92, 0.55)], 0.14, detail=True),
        Stroke([(0.4, -0.7), (0.12, -0.15)], 0.12, detail=True),
    ),
    "house": (
        _box(-0.65, -0.1, 0.65, 0.85),
        Shape([(-0.85, -0.1), (0.0, -0.85), (0.85, -0.1)]),
        _box(0.35, -0.8, 0.52, -0.4),
        _box(-0.13, 0.35, 0.13, 0.85, detail=True),
        _box(-0.5, 0.1, -0.24, 0.36, detail=True),
        _box(0.24, 0.1, 0.5, 0.36, detail=True),
        Stroke([(-0.85, -0.1), (0.85, -0.1)], 0.05, detail=True),
    ),
    "person": (
        Oval((0.0, -0.7), (0.2, 0.22)),
        Shape([(-0.28, -0.42), (0.28, -0.42), (0.2, 0.25), (-0.2, 0.25)]),
        Stroke([(-0.28, -0.35), (-0.5, 0.15)], 0.13),
        Stroke([(0.28, -0.35), (0.55, 0.05)], 0.13),
        Stroke([(-0.12, 0.25), (-0.22, 0.95)], 0.18),
        Stroke([(0.12, 0.25), (0.25, 0.95)], 0.18),
        Oval((0.0, -0.85), (0.2, 0.1), detail=True),
        Stroke([(-0.2, 0.22), (0.2, 0.22)], 0.06, detail=True),
    ),
}
"""Name of the thing to its parts, from the back to the front."""
