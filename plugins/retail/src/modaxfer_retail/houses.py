"""A made-up sample for `houses`: four drawn pictures and four columns per house, for trying things out.

No photo or price is taken from the real data set; the zip codes do not exist. A price is made of the area, the place
and a finish that only the pictures show. A score on it says nothing about real houses.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

__all__ = ["houses"]

_TRAIN_ROWS, _TEST_ROWS = 130, 50
_CANVAS, _SIDE = 128, 64

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

_PLACES = {"00001": 0.7, "00002": 0.85, "00003": 1.0, "00004": 1.2, "00005": 1.5}
"""Zip code to price level."""
_THIRDS = (385_000, 630_000)
"""Dollars that part low, middle and high, as in the real data."""

_DRAWN = {"wall": ((150, 145, 135), (250, 244, 230)), "floor": ((90, 84, 78), (176, 120, 66))}
"""Colours of a poor and of a fine finish."""


def houses(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (130 rows) and ``test`` (50).

    Columns as in the real data: ``frontal``, ``bedroom``, ``bathroom``, ``kitchen`` (PNG, 64 x 64, colour),
    ``bedrooms``, ``bathrooms``, ``area`` (square feet), ``zipcode``, ``price`` (dollars), ``label`` (low, middle,
    high), ``house``.
    """
    draw = np.random.default_rng(seed)
    numbers = {"train": range(1, _TRAIN_ROWS + 1), "test": range(_TRAIN_ROWS + 1, _TRAIN_ROWS + _TEST_ROWS + 1)}
    return {split: _table(draw, part) for split, part in numbers.items()}


def _table(draw: np.random.Generator, numbers: range) -> pa.Table:
    rows = [_house(draw, number) for number in numbers]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return pa.table({name: pa.array(values, _MEDIA) if name in _ROOMS else values for name, values in columns.items()})


def _house(draw: np.random.Generator, number: int) -> dict[str, object]:
    area = int(draw.uniform(800, 4200))
    zipcode = str(draw.choice(tuple(_PLACES)))
    finish = draw.uniform()
    price = 175 * area * _PLACES[zipcode] * (0.6 + 1.1 * finish) * np.exp(draw.normal(0, 0.1))
    price = float(round(price, -3))
    photos = {name: {"bytes": _png(room(draw, finish, area)), "path": None} for name, room in _ROOMS.items()}
    return {
        **photos,
        "bedrooms": max(1, round(area / 800 + draw.normal(0, 0.6))),
        "bathrooms": max(1.0, round(2 * (area / 1100 + draw.normal(0, 0.4))) / 2),
        "area": area,
        "zipcode": zipcode,
        "price": price,
        "label": ("low", "middle", "high")[int(np.searchsorted(_THIRDS, price))],
        "house": number,
    }


def _mixed(kind: str, finish: float) -> tuple[int, int, int]:
    poor, fine = np.array(_DRAWN[kind])
    red, green, blue = (poor + finish * (fine - poor)).astype(int).tolist()
    return red, green, blue


def _room(draw: np.random.Generator, finish: float) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return an empty room: a wall with windows, the more the finer, and a floor."""
    image = Image.new("RGB", (_CANVAS, _CANVAS), _mixed("wall", finish))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 92, _CANVAS, _CANVAS), fill=_mixed("floor", finish))
    windows = 1 + round(1.6 * finish)
    for window in range(windows):
        left = 8 + window * 40 + int(draw.integers(0, 8))
        pen.rectangle((left, 12, left + 28, 44), fill=(170, 210, 240), outline="white", width=3)
    return image, pen


def _bedroom(draw: np.random.Generator, finish: float, area: int) -> Image.Image:
    image, pen = _room(draw, finish)
    left, width = int(draw.integers(10, 30)), 50 + int(35 * finish)
    pen.rectangle((left, 58, left + width, 84), fill=(110, 70, 40))
    pen.rectangle((left, 76, left + width, 112), fill=tuple(draw.integers(90, 240, size=3).tolist()))
    pen.rectangle((left + 6, 68, left + width // 2 - 2, 82), fill="white")
    pen.rectangle((left + width // 2 + 2, 68, left + width - 6, 82), fill="white")
    return _photo(draw, image)


def _bathroom(draw: np.random.Generator, finish: float, area: int) -> Image.Image:
    image, pen = _room(draw, finish)
    if finish > 0.5:
        pen.ellipse((20, 72, 92, 112), fill="white", outline=(190, 190, 190), width=2)
    else:
        pen.rectangle((24, 48, 56, 110), fill=(196, 214, 218), outline=(120, 120, 120), width=2)
    pen.rectangle((94, 66, 120, 74), fill="white")
    pen.rectangle((102, 74, 112, 106), fill=(225, 225, 225))
    return _photo(draw, image)


def _kitchen(draw: np.random.Generator, finish: float, area: int) -> Image.Image:
    image, pen = _room(draw, finish)
    fronts = (120, 78, 44) if draw.random() > finish else (245, 245, 245)
    for left in range(4, 120, 24):
        pen.rectangle((left, 66, left + 22, 104), fill=fronts, outline=(80, 80, 80))
    pen.rectangle((0, 60, _CANVAS, 66), fill=(60, 60, 64) if finish > 0.5 else (160, 140, 110))
    if finish > 0.6:
        pen.rectangle((30, 100, 100, 122), fill=(70, 72, 80))
        pen.rectangle((26, 96, 104, 101), fill="white")
    return _photo(draw, image)


def _frontal(draw: np.random.Generator, finish: float, area: int) -> Image.Image:
    image = Image.new("RGB", (_CANVAS, _CANVAS), tuple(draw.integers((120, 170, 215), (180, 215, 250)).tolist()))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 98, _CANVAS, _CANVAS), fill=(150 - int(90 * finish), 140, 80))
    half = 26 + int(area / 130)
    left, right = 64 - half, 64 + half
    storeys = 2 if area > 2400 else 1
    eaves = 100 - 28 * storeys
    pen.rectangle((left, eaves, right, 104), fill=_mixed("wall", finish))
    pen.polygon([(left - 6, eaves), (64, eaves - 22), (right + 6, eaves)], fill=(120, 60, 50))
    pen.rectangle((58, 84, 70, 104), fill=(90, 50, 30))
    for storey in range(storeys):
        for x in range(left + 5, right - 12, 20):
            if storey or not 44 < x < 72:
                top = 82 - 28 * storey
                pen.rectangle((x, top, x + 10, top + 12), fill=(90, 120, 150), outline="white")
    for _ in range(round(4 * finish)):
        x = int(draw.integers(4, 120))
        pen.ellipse((x - 8, 96, x + 8, 114), fill=(40, 110, 50))
    return _photo(draw, image)


_ROOMS = {"frontal": _frontal, "bedroom": _bedroom, "bathroom": _bathroom, "kitchen": _kitchen}


def _photo(draw: np.random.Generator, image: Image.Image) -> Image.Image:
    """Average down, and vary light and noise."""
    small = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32)
    lit = small * draw.uniform(0.8, 1.1) + draw.normal(0, 5, small.shape)
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
