"""The outlines of fourteen kinds of fashion article, as polygons, ovals and lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["GARMENTS", "Garment", "Line", "Oval", "Part", "Point", "Polygon"]

Point = tuple[float, float]
"""x to the right and y down, from -1 to 1."""


@dataclass(frozen=True)
class Polygon:
    """A filled polygon."""

    points: Sequence[Point]
    shade: float = 1.0
    """Brightness relative to the article's colour; 0 is black."""


@dataclass(frozen=True)
class Oval:
    """A filled ellipse with upright axes."""

    centre: Point
    radii: Point
    shade: float = 1.0


@dataclass(frozen=True)
class Line:
    """A stroke."""

    points: Sequence[Point]
    width: float
    shade: float = 1.0


Part = Polygon | Oval | Line


@dataclass(frozen=True)
class Garment:
    """What an article is called in titles, and how it is drawn."""

    nouns: tuple[str, ...]
    parts: tuple[Part, ...]


def _box(left: float, top: float, right: float, bottom: float, shade: float = 1.0) -> Polygon:
    return Polygon([(left, top), (right, top), (right, bottom), (left, bottom)], shade)


_SHIRT = [(-0.3, -0.75), (0.3, -0.75), (0.9, -0.35), (0.7, 0.0), (0.45, -0.15), (0.45, 0.8), (-0.45, 0.8),
          (-0.45, -0.15), (-0.7, 0.0), (-0.9, -0.35)]  # fmt: skip
_TROUSERS = [(-0.4, -0.9), (0.4, -0.9), (0.5, 0.9), (0.15, 0.9), (0.0, -0.3), (-0.15, 0.9), (-0.5, 0.9)]
_SHOE = [(-0.85, -0.35), (-0.35, -0.35), (0.1, 0.05), (0.8, 0.15), (0.9, 0.4), (-0.85, 0.4)]
_SOCK = [(-0.3, -0.9), (0.25, -0.9), (0.25, 0.2), (0.8, 0.55), (0.75, 0.85), (0.2, 0.85), (-0.3, 0.45)]
_SOLE = [(-0.25, -0.85), (0.3, -0.85), (0.42, -0.3), (0.25, 0.85), (-0.2, 0.85), (-0.38, -0.3)]

GARMENTS: Mapping[str, Garment] = {
    "Bags": Garment(
        ("Handbag", "Tote Bag"),
        (
            Line([(-0.4, -0.2), (-0.3, -0.8), (0.3, -0.8), (0.4, -0.2)], 0.1, 0.7),
            Polygon([(-0.7, -0.25), (0.7, -0.25), (0.85, 0.75), (-0.85, 0.75)]),
            _box(-0.12, -0.2, 0.12, 0.05, 0.4),
        ),
    ),
    "Belts": Garment(
        ("Belt",),
        (
            Line([(-0.95, 0.3), (-0.5, -0.1), (0.3, -0.15), (0.9, -0.35)], 0.2),
            _box(-0.95, 0.05, -0.6, 0.5, 0.3),
            _box(-0.86, 0.15, -0.7, 0.4, 3.0),
        ),
    ),
    "Bottomwear": Garment(("Jeans", "Trousers"), (Polygon(_TROUSERS), _box(-0.4, -0.9, 0.4, -0.78, 0.5))),
    "Eyewear": Garment(
        ("Sunglasses",),
        (
            Line([(-0.95, -0.15), (0.95, -0.15)], 0.1),
            Oval((-0.45, 0.0), (0.38, 0.3)),
            Oval((0.45, 0.0), (0.38, 0.3)),
            Oval((-0.45, 0.0), (0.3, 0.22), 0.3),
            Oval((0.45, 0.0), (0.3, 0.22), 0.3),
        ),
    ),
    "Flip Flops": Garment(
        ("Flip Flops",),
        (
            *(Polygon([(x + offset, y) for x, y in _SOLE]) for offset in (-0.48, 0.48)),
            *(Line([(offset - 0.3, 0.0), (offset, -0.6), (offset + 0.32, 0.0)], 0.12, 0.3) for offset in (-0.48, 0.48)),
        ),
    ),
    "Headwear": Garment(
        ("Cap", "Beanie"),
        (Oval((-0.1, -0.1), (0.6, 0.5)), _box(-0.75, 0.05, 0.6, 0.5, 9.0), Oval((0.3, 0.05), (0.65, 0.13), 0.6)),
    ),
    "Innerwear": Garment(
        ("Briefs", "Boxers"),
        (
            Polygon([(-0.8, -0.45), (0.8, -0.45), (0.75, 0.1), (0.2, 0.6), (-0.2, 0.6), (-0.75, 0.1)]),
            _box(-0.8, -0.5, 0.8, -0.35, 0.5),
        ),
    ),
    "Sandal": Garment(
        ("Sandals",),
        (
            Polygon([(-0.9, 0.25), (0.9, 0.25), (0.9, 0.45), (-0.9, 0.45)], 0.4),
            Line([(-0.8, 0.3), (-0.7, -0.3), (-0.3, -0.35), (-0.1, 0.3)], 0.12),
            Line([(0.2, 0.3), (0.45, -0.1), (0.75, 0.3)], 0.16),
        ),
    ),
    "Shoes": Garment(
        ("Sneakers", "Formal Shoes"),
        (
            Polygon(_SHOE),
            _box(-0.87, 0.33, 0.92, 0.5, 0.35),
            *(Line([(x, -0.1 + 0.3 * x), (x + 0.2, -0.3 + 0.3 * x)], 0.05, 3.0) for x in (-0.3, -0.12, 0.06)),
        ),
    ),
    "Socks": Garment(
        ("Socks",),
        (
            Polygon([(x - 0.25, y) for x, y in _SOCK], 0.7),
            Polygon(_SOCK),
            *(_box(-0.3, y, 0.25, y + 0.08, 0.4) for y in (-0.8, -0.6)),
        ),
    ),
    "Ties": Garment(
        ("Tie",),
        (
            Polygon([(-0.16, -0.95), (0.16, -0.95), (0.1, -0.7), (-0.1, -0.7)], 0.6),
            Polygon([(-0.1, -0.68), (0.1, -0.68), (0.26, 0.65), (0.0, 0.95), (-0.26, 0.65)]),
            *(Line([(-0.18, y + 0.12), (0.16, y - 0.12)], 0.05, 0.4) for y in (-0.2, 0.15, 0.5)),
        ),
    ),
    "Topwear": Garment(
        ("Shirt", "T-shirt"), (Polygon(_SHIRT), Oval((0.0, -0.76), (0.2, 0.14), 0.4), _box(-0.02, -0.6, 0.02, 0.8, 0.6))
    ),
    "Wallets": Garment(
        ("Wallet",),
        (_box(-0.7, -0.5, 0.7, 0.5), Line([(0.0, -0.5), (0.0, 0.5)], 0.05, 0.5), _box(0.42, -0.14, 0.7, 0.14, 0.4)),
    ),
    "Watches": Garment(
        ("Watch",),
        (
            _box(-0.2, -0.95, 0.2, 0.95),
            Oval((0.0, 0.0), (0.45, 0.45), 0.4),
            Oval((0.0, 0.0), (0.35, 0.35), 9.0),
            Line([(0.18, -0.12), (0.0, 0.0), (0.0, -0.28)], 0.06, 0.0),
        ),
    ),
}
"""Kind of article to its names and parts, from the back to the front."""
