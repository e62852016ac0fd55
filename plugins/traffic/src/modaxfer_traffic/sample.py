"""A made-up sample for `traffic-signs`: drawn signs before drawn streets, for trying things out.

No picture is taken from a road or from the real data set. As there, several frames show one physical sign, nearer each
time, and share a `track`. A score on it says nothing about real signs.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFont

from modaxfer_traffic.drawings import DRAWINGS, Disc, Drawing, Line, Polygon, Symbol, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer_traffic.drawings import Point

__all__ = ["traffic_signs"]

_TRAIN_TRACKS, _FRAMES = 3, 2
"""Physical signs of one kind, and looks at each."""
_CANVAS, _SIDE = 144, 36
_MIDDLE = _CANVAS / 2

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

# Plate: outline, its colour, share of it that the border takes, colour inside, ink, size of the inner field.
_PLATES: Mapping[str, tuple[str, str, float, str, str, float]] = {
    "prohibition": ("circle", "red", 0.22, "white", "black", 0.62),
    "end": ("circle", "grey", 0.06, "white", "grey", 0.62),
    "warning": ("triangle", "red", 0.24, "white", "black", 0.4),
    "order": ("circle", "white", 0.05, "blue", "white", 0.68),
    "priority": ("diamond", "white", 0.3, "gold", "black", 0.5),
    "yield": ("point", "red", 0.3, "white", "black", 0.5),
    "stop": ("octagon", "white", 0.06, "red", "white", 0.62),
    "no entry": ("circle", "red", 0.0, "red", "white", 0.8),
}
_COLOURS = {
    "red": (196, 24, 32), "white": (240, 240, 236), "black": (22, 22, 24), "blue": (20, 74, 168),
    "gold": (248, 200, 24), "grey": (112, 112, 116), "green": (24, 150, 70),
}  # fmt: skip
_CORNERS = {"triangle": (3, -90, 1.15), "point": (3, 90, 1.15), "diamond": (4, -90, 1.05), "octagon": (8, -67.5, 1.05)}


def traffic_signs(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (258 rows: 43 signs, three tracks each, two frames each), ``validation`` and ``test`` (43 each).

    Columns as in the real data: ``image`` (PNG, 36 x 36, colour), ``label``, ``class_id``, ``track``, which is not
    known in test.
    """
    draw = np.random.default_rng(seed)
    kinds = range(len(DRAWINGS))
    train = [(kind, f"{kind:02}-{track:05}") for kind in kinds for track in range(_TRAIN_TRACKS)]
    validation = [(kind, f"{kind:02}-{_TRAIN_TRACKS:05}") for kind in kinds]
    return {
        "train": _table(draw, train, _FRAMES),
        "validation": _table(draw, validation, 1),
        "test": _table(draw, [(kind, None) for kind in kinds], 1),
    }


def _table(draw: np.random.Generator, tracks: Sequence[tuple[int, str | None]], frames: int) -> pa.Table:
    names = tuple(DRAWINGS)
    images = []
    for number, _ in tracks:
        scene = _scene(draw, DRAWINGS[names[number]])
        images += [{"bytes": _png(_frame(draw, scene)), "path": None} for _ in range(frames)]
    numbers = [number for number, _ in tracks for _ in range(frames)]
    columns = {"image": pa.array(images, _MEDIA), "label": [names[number] for number in numbers], "class_id": numbers}
    shown = [track for _, track in tracks for _ in range(frames)]
    return pa.table({**columns, "track": pa.array(shown, pa.string())})


def _scene(draw: np.random.Generator, drawing: Drawing) -> Image.Image:
    """Return the sign before its street, large."""
    sky, ground = draw.integers(90, 220, size=3), draw.integers(40, 150, size=3)
    image = Image.new("RGB", (_CANVAS, _CANVAS), tuple(sky.tolist()))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, draw.integers(50, 120), _CANVAS, _CANVAS), fill=tuple(ground.tolist()))
    pen.rectangle((_MIDDLE - 4, _MIDDLE, _MIDDLE + 4, _CANVAS), fill=_COLOURS["grey"])
    outline, border, share, inner, ink, field = _PLATES[drawing.plate]
    radius = 0.84 * _MIDDLE
    _plate(pen, outline, radius, border)
    _plate(pen, outline, radius * (1 - share), inner)
    # The middle of a triangle's area lies below that of its outline's circle.
    shift = 0.1 * radius if outline == "triangle" else 0.0
    for symbol in drawing.symbols:
        _draw(pen, symbol, ink, field * radius, shift)
    if drawing.plate == "end":
        for step in (-0.16, 0.0, 0.16):
            _draw(pen, Line([(-0.8 + step, 0.8 + step), (0.8 + step, -0.8 + step)], 0.07), "black", 0.8 * radius, 0.0)
    return image


def _plate(pen: ImageDraw.ImageDraw, outline: str, radius: float, colour: str) -> None:
    if outline == "circle":
        _disc(pen, (_MIDDLE, _MIDDLE), radius, _COLOURS[colour])
        return
    corners, start, stretch = _CORNERS[outline]
    angles = np.radians(start + 360 / corners * np.arange(corners))
    places = _MIDDLE + stretch * radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    pen.polygon([tuple(place) for place in places], fill=_COLOURS[colour])


def _draw(pen: ImageDraw.ImageDraw, symbol: Symbol, ink: str, size: float, shift: float) -> None:
    """Draw `symbol` in a field of half width `size` pixels around the middle, `shift` pixels lower."""

    def place(point: Point) -> Point:
        return _MIDDLE + size * point[0], _MIDDLE + shift + size * point[1]

    match symbol:
        case Line(points, width, colour):
            pen.line([place(p) for p in points], _COLOURS[colour or ink], max(1, round(width * size)), joint="curve")
        case Disc(centre, radius, colour):
            _disc(pen, place(centre), radius * size, _COLOURS[colour or ink])
        case Polygon(points, colour):
            pen.polygon([place(point) for point in points], fill=_COLOURS[colour or ink])
        case Text(words):
            font = ImageFont.load_default(size * (1.75 if len(words) < 3 else 1.25 if len(words) == 3 else 0.85))
            pen.text((_MIDDLE, _MIDDLE + shift), words, fill=_COLOURS[ink], font=font, anchor="mm", stroke_width=2)


def _disc(pen: ImageDraw.ImageDraw, centre: Point, radius: float, colour: tuple[int, int, int]) -> None:
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _frame(draw: np.random.Generator, scene: Image.Image) -> Image.Image:
    """Return one look at `scene`: turned a little, nearer or farther, brighter or darker, with noise."""
    turned = scene.rotate(draw.normal(0, 4), Image.Resampling.BILINEAR, fillcolor=scene.getpixel((0, 0)))
    left, top = draw.uniform(0, 12, size=2)
    right, bottom = _CANVAS - draw.uniform(0, 12, size=2)
    small = turned.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=(left, top, right, bottom))
    pixels = np.asarray(small, dtype=np.float32) * draw.uniform(0.45, 1.1) + draw.normal(0, 6, (_SIDE, _SIDE, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
