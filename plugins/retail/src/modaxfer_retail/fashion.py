"""A made-up sample for the fashion tasks: drawn articles and put-together titles, for trying things out.

No photo or title is taken from a shop or from the real data set. As there, the kind of article stands in the title. The
season shows in the colour of the picture and in one word of the title, each right two times out of three, so that both
together tell more than either. A score on it says nothing about real goods.
"""

from __future__ import annotations

import colorsys
import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from modaxfer_retail.garments import GARMENTS, Line, Oval, Part, Polygon

if TYPE_CHECKING:
    from modaxfer_retail.garments import Point

__all__ = ["products"]

_TRAIN_ROWS, _TEST_ROWS = 14, 6
"""Per kind of article."""
_CANVAS, _SIDE = 128, 64

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

_SEASONS = {"Spring": 0.1, "Summer": 0.3, "Fall": 0.35, "Winter": 0.25}
"""Share of the articles."""
_CLUE = 0.67
"""How often the colour, and how often the word, belongs to the season; else to any."""

# Hue from, hue to, saturation, brightness.
_TONES = {
    "Spring": (0.22, 0.42, 0.5, 0.85),
    "Summer": (0.08, 0.18, 0.85, 0.95),
    "Fall": (0.98, 1.07, 0.75, 0.5),
    "Winter": (0.55, 0.7, 0.55, 0.4),
}
_WORDS = {
    "Spring": ("Blossom", "Light", "Pastel"),
    "Summer": ("Linen", "Beach", "Airy"),
    "Fall": ("Corduroy", "Harvest", "Tweed"),
    "Winter": ("Wool", "Fleece", "Lined"),
}
_BRANDS = ("Alderlane", "Brightwater", "Calder & Moss", "Dovetail", "Eastgate", "Fernhill", "Granite", "Harbourline")
_WEARERS = ("Men", "Women", "Unisex", "Boys", "Girls")


def products(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (196 rows) and ``test`` (84), 14 kinds equally often, no title twice.

    Columns as in the real data: ``image`` (PNG, 64 x 64, colour), ``title``, ``label``, ``gender``, ``season``, ``id``.
    """
    draw, seen = np.random.default_rng(seed), set[str]()
    return {split: _table(draw, rows, seen) for split, rows in (("train", _TRAIN_ROWS), ("test", _TEST_ROWS))}


def _table(draw: np.random.Generator, rows: int, seen: set[str]) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name in ("image", "title", "label", "gender", "season", "id")}
    for _ in range(rows):
        for label in GARMENTS:
            season = str(draw.choice(tuple(_SEASONS), p=tuple(_SEASONS.values())))
            wearer = str(draw.choice(_WEARERS))
            picture = {"bytes": _png(_picture(draw, label, _clue(draw, season))), "path": None}
            title = _title(draw, label, wearer, season, seen)
            row = (picture, title, label, wearer, season, len(seen))
            for name, value in zip(columns, row, strict=True):
                columns[name].append(value)
    return pa.table({**columns, "image": pa.array(columns["image"], _MEDIA)})


def _clue(draw: np.random.Generator, season: str) -> str:
    return season if draw.random() < _CLUE else str(draw.choice(tuple(_SEASONS)))


def _title(draw: np.random.Generator, label: str, wearer: str, season: str, seen: set[str]) -> str:
    clue = _clue(draw, season)
    while True:
        brand, word, noun = (str(draw.choice(words)) for words in (_BRANDS, _WORDS[clue], GARMENTS[label].nouns))
        title = f"{brand} {wearer} {word} {noun}"
        if title not in seen:
            seen.add(title)
            return title


def _picture(draw: np.random.Generator, label: str, tone: str) -> Image.Image:
    lowest, highest, saturation, brightness = _TONES[tone]
    hue = draw.uniform(lowest, highest) % 1
    colour = np.array(
        colorsys.hsv_to_rgb(hue, saturation * draw.uniform(0.8, 1.1), min(1, brightness * draw.uniform(0.85, 1.15)))
    )
    image = Image.new("RGB", (_CANVAS, _CANVAS), "white")
    pen = ImageDraw.Draw(image)
    size = draw.uniform(0.75, 0.95) * _CANVAS / 2
    middle = _CANVAS / 2 + draw.uniform(-4, 4, size=2)
    facing = draw.choice((-1, 1))
    for part in GARMENTS[label].parts:
        _draw(pen, part, colour, size * np.array([facing, 1]), middle)
    return image.resize((_SIDE, _SIDE), Image.Resampling.BOX)


def _draw(pen: ImageDraw.ImageDraw, part: Part, colour: np.ndarray, scale: np.ndarray, middle: np.ndarray) -> None:
    def place(point: Point) -> Point:
        x, y = middle + scale * np.array(point)
        return float(x), float(y)

    red, green, blue = (255 * colour * part.shade).clip(0, 255).astype(int).tolist()
    fill = (red, green, blue)
    match part:
        case Polygon(points):
            pen.polygon([place(point) for point in points], fill=fill)
        case Oval(centre, radii):
            (x, y), (rx, ry) = place(centre), np.abs(scale) * radii
            pen.ellipse((x - rx, y - ry, x + rx, y + ry), fill=fill)
        case Line(points, width):
            pen.line([place(point) for point in points], fill, max(1, round(width * scale[1])), joint="curve")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
