"""Made-up samples for the PACS tasks: seven things drawn in four styles, for trying things out.

No picture is taken from the real data set. A thing has the same outline in every style, while colours, lines and ground
differ, so that carrying a model from one style to another can be tried; a score on them says nothing about PACS.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFilter

from modaxfer_vision.outlines import OUTLINES, Oval, Stroke

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer_vision.outlines import Part, Point

__all__ = ["all_styles", "art", "cartoon", "photo", "sketch"]

_TRAIN_ROWS, _TEST_ROWS = 24, 8
"""Per thing; in the task of all styles they are shared among the styles."""
_CANVAS, _SIDE = 128, 64
_DABS = 700
"""Dabs of the brush in a painting."""

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

_Colour = tuple[int, int, int]
_BLACK, _WHITE = (20, 20, 20), (255, 255, 255)
_FURS = {
    "dog": (150, 100, 60), "elephant": (130, 130, 140), "giraffe": (215, 165, 80), "guitar": (175, 90, 40),
    "horse": (110, 70, 45), "house": (190, 120, 100), "person": (80, 110, 165),
}  # fmt: skip
"""What photos and paintings show a thing in, give or take; cartoons take any colour."""


def all_styles(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (168 rows) and ``test`` (56), every thing and style equally often.

    Columns: ``image`` (PNG, 64 x 64, colour), ``label``, ``domain``.
    """
    return _tables(seed, tuple(_STYLES))


def photo(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (168 rows) and ``test`` (56): shaded things on blurred ground."""
    return _tables(seed, ("photo",))


def art(seed: int) -> dict[str, pa.Table]:
    """Return as `photo` things painted with a broad brush."""
    return _tables(seed, ("art",))


def cartoon(seed: int) -> dict[str, pa.Table]:
    """Return as `photo` things in flat colours with black outlines."""
    return _tables(seed, ("cartoon",))


def sketch(seed: int) -> dict[str, pa.Table]:
    """Return as `photo` things in thin lines on white."""
    return _tables(seed, ("sketch",))


def _tables(seed: int, styles: Sequence[str]) -> dict[str, pa.Table]:
    draw = np.random.default_rng((seed, len(styles), tuple(_STYLES).index(styles[0])))
    return {split: _table(draw, rows, styles) for split, rows in (("train", _TRAIN_ROWS), ("test", _TEST_ROWS))}


def _table(draw: np.random.Generator, rows: int, styles: Sequence[str]) -> pa.Table:
    shown = [(thing, styles[row % len(styles)]) for row in range(rows) for thing in OUTLINES]
    images = [{"bytes": _png(_picture(draw, thing, style)), "path": None} for thing, style in shown]
    labels, domains = zip(*shown, strict=True)
    return pa.table({"image": pa.array(images, _MEDIA), "label": labels, "domain": domains})


def _picture(draw: np.random.Generator, thing: str, style: str) -> Image.Image:
    large = _STYLES[style](draw, thing, _placed(draw, OUTLINES[thing]))
    return large.resize((_SIDE, _SIDE), Image.Resampling.BOX)


def _placed(draw: np.random.Generator, parts: Sequence[Part]) -> list[Part]:
    """Return `parts` in pixels: of some size, at some place, facing left or right."""
    size = draw.uniform(0.72, 0.95) * _CANVAS / 2
    x, y = _CANVAS / 2 + draw.uniform(-6, 6, size=2)
    facing = draw.choice((-1, 1))

    def place(point: Point) -> Point:
        return float(x + facing * size * point[0]), float(y + size * point[1])

    return [part.moved(place, size) for part in parts]


def _photo(draw: np.random.Generator, thing: str, parts: Sequence[Part]) -> Image.Image:
    far, near = (draw.integers(60, 225, size=3) for _ in range(2))
    ramp = np.linspace(0, 1, _CANVAS)[:, None, None]
    ground = (far * (1 - ramp) + near * ramp + draw.normal(0, 14, (_CANVAS, _CANVAS, 3))).clip(0, 255)
    image = Image.fromarray(ground.astype(np.uint8)).filter(ImageFilter.GaussianBlur(3))
    filled = image.copy()
    _paint(filled, parts, _near(draw, _FURS[thing], 25), None, 0)
    # Light from above: what is filled darkens downwards.
    shade = np.linspace(1.25, 0.65, _CANVAS)[:, None, None]
    lit = (np.asarray(filled, dtype=np.float32) * shade + draw.normal(0, 8, (_CANVAS, _CANVAS, 3))).clip(0, 255)
    changed = (np.asarray(filled) != np.asarray(image)).any(axis=2, keepdims=True)
    return Image.fromarray(np.where(changed, lit, np.asarray(image)).astype(np.uint8))


def _art(draw: np.random.Generator, thing: str, parts: Sequence[Part]) -> Image.Image:
    image = Image.new("RGB", (_CANVAS, _CANVAS), _any_colour(draw))
    _paint(image, parts, _near(draw, _FURS[thing], 60), None, 0)
    places = draw.integers(0, _CANVAS, size=(_DABS, 2))
    colours = np.asarray(image).astype(int)[places[:, 1], places[:, 0]] + draw.integers(-38, 39, size=(_DABS, 3))
    ends = places[:, None, :] + draw.integers(-4, 5, size=(_DABS, 1, 2)) * np.array([[[-1], [1]]])
    pen = ImageDraw.Draw(image)
    for colour, (start, end) in zip(colours.clip(0, 255).tolist(), ends.tolist(), strict=True):
        pen.line((*start, *end), fill=tuple(colour), width=4)
    return image


def _cartoon(draw: np.random.Generator, thing: str, parts: Sequence[Part]) -> Image.Image:
    image = Image.new("RGB", (_CANVAS, _CANVAS), _bright(draw))
    _paint(image, parts, _bright(draw), _BLACK, 5)
    return image


def _sketch(draw: np.random.Generator, thing: str, parts: Sequence[Part]) -> Image.Image:
    image = Image.new("RGB", (_CANVAS, _CANVAS), _WHITE)
    _paint(image, parts, _WHITE, _BLACK, 3)
    return image


_STYLES: dict[str, Callable[[np.random.Generator, str, Sequence[Part]], Image.Image]] = {
    "photo": _photo,
    "art": _art,
    "cartoon": _cartoon,
    "sketch": _sketch,
}


def _paint(image: Image.Image, parts: Sequence[Part], fill: _Colour, edge: _Colour | None, width: int) -> None:
    """Draw all edges first and all surfaces over them, so that a thing has one outline; then its details."""
    pen = ImageDraw.Draw(image)
    body = [part for part in parts if not part.detail]
    if edge:
        for part in body:
            _draw(pen, part, edge, width)
    for part in body:
        _draw(pen, part, fill, 0)
    dark = edge or tuple(int(0.45 * value) for value in fill)
    for part in parts:
        if part.detail:
            _draw(pen, part, dark, 0)


def _draw(pen: ImageDraw.ImageDraw, part: Part, colour: _Colour, grow: int) -> None:
    """Fill `part`, `grow` pixels larger on each side."""
    if isinstance(part, Oval):
        (x, y), (rx, ry) = part.centre, part.radii
        pen.ellipse((x - rx - grow, y - ry - grow, x + rx + grow, y + ry + grow), fill=colour)
    elif isinstance(part, Stroke):
        pen.line(list(part.points), colour, max(2, round(part.width)) + 2 * grow, joint="curve")
        for x, y in (part.points[0], part.points[-1]):
            radius = part.width / 2 + grow
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        pen.polygon(list(part.points), fill=colour)
        if grow:
            pen.line([*part.points, part.points[0], part.points[1]], colour, 2 * grow, joint="curve")


def _near(draw: np.random.Generator, colour: _Colour, spread: int) -> _Colour:
    red, green, blue = (np.array(colour) + draw.integers(-spread, spread + 1, size=3)).clip(0, 255).tolist()
    return red, green, blue


def _any_colour(draw: np.random.Generator) -> _Colour:
    red, green, blue = draw.integers(60, 230, size=3).tolist()
    return red, green, blue


def _bright(draw: np.random.Generator) -> _Colour:
    red, green, blue = draw.permutation([draw.integers(215, 256), draw.integers(90, 256), draw.integers(40, 140)])
    return int(red), int(green), int(blue)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
