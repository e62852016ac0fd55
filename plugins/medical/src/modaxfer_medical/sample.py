"""A made-up sample for `chest-xray`: drawn chests, for trying things out.

No picture is taken from a patient or from the real data set: a bright body, two dark lungs, ribs, a heart; pneumonia is
a soft white patch in one lung. A score on it says nothing about X-rays.
"""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["chest_xray"]

_TRAIN_ROWS, _TEST_ROWS = 160, 60
_SIDE, _SCALE = 28, 4
_CANVAS = _SIDE * _SCALE
"""Pictures are drawn four times larger and averaged down."""

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def chest_xray(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (160 rows) and ``test`` (60): ``image`` (PNG, 28 x 28, grey) and ``label``, half and half."""
    draw = np.random.default_rng(seed)
    return {"train": _table(draw, _TRAIN_ROWS), "test": _table(draw, _TEST_ROWS)}


def _table(draw: np.random.Generator, rows: int) -> pa.Table:
    labels = ["pneumonia" if row % 2 else "normal" for row in range(rows)]
    images = [{"bytes": _png(_chest(draw, label == "pneumonia")), "path": None} for label in labels]
    return pa.table({"image": pa.array(images, _MEDIA), "label": labels})


def _chest(draw: np.random.Generator, ill: bool) -> Image.Image:
    image = Image.new("L", (_CANVAS, _CANVAS), 20)
    pen = ImageDraw.Draw(image)
    # Shared by the whole body, so that no fixed pixel tells the label.
    shift_x, shift_y = draw.integers(-6, 7, size=2)
    middle, top = _CANVAS // 2 + shift_x, 14 + shift_y
    body = int(draw.integers(135, 176))
    pen.rounded_rectangle((8 + shift_x, top - 8, _CANVAS - 8 + shift_x, _CANVAS), radius=26, fill=body)
    lungs = [_lung(draw, middle, top, side) for side in (-1, 1)]
    for lung in lungs:
        pen.ellipse(lung, fill=int(body * draw.uniform(0.3, 0.45)))
    if ill:
        image = _clouded(draw, image, lungs[draw.integers(2)], body)
        pen = ImageDraw.Draw(image)
    pen.rectangle((middle - 5, top, middle + 5, _CANVAS), fill=body + 25)
    pen.ellipse((middle - 8, top + 36, middle + 24, top + 68), fill=body + 10)
    for rib in range(5):
        height = top + 8 + 13 * rib
        pen.arc((middle - 42, height, middle + 42, height + 26), 200, 340, fill=body + 5, width=2)
    return _exposed(draw, image)


def _lung(draw: np.random.Generator, middle: int, top: int, side: int) -> tuple[int, int, int, int]:
    width, height = int(draw.integers(29, 36)), int(draw.integers(62, 75))
    left = middle + 7 if side > 0 else middle - 7 - width
    return left, top + 4, left + width, top + 4 + height


def _clouded(draw: np.random.Generator, image: Image.Image, lung: tuple[int, int, int, int], body: int) -> Image.Image:
    """Lay a soft patch as bright as the body over a part of `lung`."""
    left, top, right, bottom = lung
    radius = draw.integers(10, 17)
    x, y = draw.integers(left + 9, right - 8), draw.integers(top + 18, bottom - 14)
    patch = Image.new("L", image.size, 0)
    ImageDraw.Draw(patch).ellipse((x - radius, y - radius, x + radius, y + radius), fill=int(draw.integers(150, 230)))
    patch = patch.filter(ImageFilter.GaussianBlur(5))
    return Image.composite(Image.new("L", image.size, body), image, patch)


def _exposed(draw: np.random.Generator, image: Image.Image) -> Image.Image:
    """Average down, and vary brightness, contrast and noise."""
    small = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32)
    noisy = small * draw.uniform(0.85, 1.15) + draw.uniform(-12, 12) + draw.normal(0, 6, small.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()
