"""Made-up samples for the three digit tasks: digits drawn with a pen that shakes, for trying things out.

No picture is taken from the real data sets. The three samples differ as the data sets do, in size, stroke and slant,
so that carrying a model from one to the other can be tried; a score on them says nothing about handwriting.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

__all__ = ["digits_mnist", "digits_optical", "digits_usps"]

_TRAIN_ROWS, _TEST_ROWS = 160, 60
_CANVAS = 112

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@dataclass(frozen=True, kw_only=True)
class _Hand:
    """How somebody writes."""

    side: int
    """Width and height of the picture in pixels; `_CANVAS` is a multiple."""
    margin: float
    """Share of the picture left free on each side."""
    stroke: float
    """Width of the pen as a share of the picture."""
    slant: float
    """Mean shift of the top to the right, as a share of the height."""


def _arc(x: float, y: float, width: float, height: float, start: float, end: float) -> list[tuple[float, float]]:
    """Return points on an ellipse around (`x`, `y`); angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 13))
    return [(x + width * np.cos(angle), y + height * np.sin(angle)) for angle in angles]


# Strokes in a unit square, (0, 0) top left.
_STROKES = {
    0: [_arc(0.5, 0.5, 0.38, 0.5, 0, 360)],
    1: [[(0.3, 0.25), (0.55, 0.0), (0.55, 1.0)]],
    2: [[*_arc(0.5, 0.28, 0.36, 0.28, 190, 395), (0.1, 1.0), (0.92, 1.0)]],
    3: [_arc(0.45, 0.25, 0.36, 0.25, 200, 450), _arc(0.45, 0.75, 0.4, 0.25, -90, 160)],
    4: [[(0.65, 0.0), (0.08, 0.66), (0.95, 0.66)], [(0.68, 0.35), (0.68, 1.0)]],
    5: [[(0.88, 0.0), (0.2, 0.0), (0.16, 0.45), *_arc(0.48, 0.68, 0.38, 0.32, 230, 510)]],
    6: [[(0.72, 0.0), (0.3, 0.35), *_arc(0.5, 0.7, 0.36, 0.3, 190, 550)]],
    7: [[(0.08, 0.0), (0.92, 0.0), (0.4, 1.0)]],
    8: [_arc(0.5, 0.24, 0.3, 0.24, 90, 450), _arc(0.5, 0.74, 0.37, 0.26, -90, 270)],
    9: [[*_arc(0.5, 0.3, 0.35, 0.3, 0, 360), (0.82, 0.4), (0.7, 1.0)]],
}


def digits_mnist(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (160 rows) and ``test`` (60): ``image`` (PNG, 28 x 28, grey) and ``label`` (0 ... 9)."""
    return _tables(seed, _Hand(side=28, margin=0.2, stroke=0.07, slant=0.08))


def digits_usps(seed: int) -> dict[str, pa.Table]:
    """Return as `digits_mnist` pictures of 16 x 16 pixels that a digit fills to the edge."""
    return _tables(seed, _Hand(side=16, margin=0.07, stroke=0.11, slant=0.02))


def digits_optical(seed: int) -> dict[str, pa.Table]:
    """Return as `digits_mnist` pictures of 8 x 8 pixels."""
    return _tables(seed, _Hand(side=8, margin=0.1, stroke=0.12, slant=0.0))


def _tables(seed: int, hand: _Hand) -> dict[str, pa.Table]:
    draw = np.random.default_rng((seed, hand.side))
    return {split: _table(draw, rows, hand) for split, rows in (("train", _TRAIN_ROWS), ("test", _TEST_ROWS))}


def _table(draw: np.random.Generator, rows: int, hand: _Hand) -> pa.Table:
    labels = [row % 10 for row in range(rows)]
    images = [{"bytes": _png(_digit(draw, label, hand)), "path": None} for label in labels]
    return pa.table({"image": pa.array(images, _MEDIA), "label": labels})


def _digit(draw: np.random.Generator, digit: int, hand: _Hand) -> Image.Image:
    image = Image.new("L", (_CANVAS, _CANVAS), 0)
    pen = ImageDraw.Draw(image)
    size = np.array([draw.uniform(0.55, 0.85), draw.uniform(0.8, 1.0)]) * (1 - 2 * hand.margin)
    slant = hand.slant + draw.normal(0, 0.15)
    move = draw.uniform(-0.05, 0.05, size=2)
    width = max(2, round(_CANVAS * hand.stroke * draw.uniform(0.8, 1.25)))
    for stroke in _STROKES[digit]:
        points = np.array(stroke) - 0.5
        shaky = points + draw.normal(0, 0.025, points.shape)
        shaky[:, 0] -= slant * shaky[:, 1]
        places = (shaky * size + 0.5 + move) * _CANVAS
        pen.line([tuple(place) for place in places], fill=int(draw.integers(210, 256)), width=width, joint="curve")
    return image.resize((hand.side, hand.side), Image.Resampling.BOX)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
