"""TrivialAugment (Mueller & Hutter 2021): one operation, drawn evenly, at a strength drawn evenly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from modaxfer.augmentations.image import edge_colour, moved
from modaxfer.spec import Change

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.random import Generator

__all__ = ["OPERATIONS", "trivial_augment"]

BINS = 31
"""Strengths that are told apart, the weakest of which changes nothing."""

WIDEST_TURN, UPRIGHT_TURN = 135.0, 30.0
"""Degrees; the second where a picture must stay the right way up."""

FARTHEST = 32 / 224
"""Share of a side by which a picture is shifted at most: the paper's 32 pixels, at the usual size of 224."""

Operation = Callable[[Image.Image, float], Image.Image]
"""Takes a picture and how strongly it is changed, -1 ... 1; what knows one direction only looks at the size."""


def trivial_augment(
    image: Image.Image, strength: float, generator: Generator, *, forbid: Collection[Change] = ()
) -> Image.Image:
    """Apply one of `OPERATIONS`, all equally likely, at one of 31 strengths, all equally likely, in either direction.

    The ranges are those that the paper calls wide, but that pixels are shares of the picture's side.

    Args:
        image: RGB.
        strength: Share of the ranges that is used, 0 ... 1; at 0 nothing is done, by operations without a range either.
        generator: Where chance comes from.
        forbid: Changes whose operations are left out; a turn is only kept smaller.
    """
    if strength == 0.0:
        return image
    kept = [name for name, (change, _) in OPERATIONS.items() if change not in forbid]
    name = kept[int(generator.integers(len(kept)))]
    drawn = strength * int(generator.integers(BINS)) / (BINS - 1)
    direction = 1 if generator.random() < 0.5 else -1
    if name == "rotate" and Change.TURN in forbid:
        return _turned(image, direction * drawn, UPRIGHT_TURN)
    return OPERATIONS[name][1](image, direction * drawn)


def _turned(image: Image.Image, drawn: float, widest: float = WIDEST_TURN) -> Image.Image:
    return image.rotate(drawn * widest, Image.Resampling.BILINEAR, fillcolor=edge_colour(image))


def _sheared(image: Image.Image, drawn: float, *, across: bool) -> Image.Image:
    shear = np.eye(2)
    shear[(0, 1) if across else (1, 0)] = 0.99 * drawn
    return moved(image, shear)


def _shifted(image: Image.Image, drawn: float, *, across: bool) -> Image.Image:
    far = FARTHEST * drawn
    return moved(image, np.eye(2), (far * image.width, 0.0) if across else (0.0, far * image.height))


def _enhanced(image: Image.Image, drawn: float, *, what: Callable[[Image.Image], Any]) -> Image.Image:
    changed: Image.Image = what(image).enhance(1 + 0.99 * drawn)
    return changed


def _posterised(image: Image.Image, drawn: float) -> Image.Image:
    return ImageOps.posterize(image, 8 - round(6 * abs(drawn)))


def _solarised(image: Image.Image, drawn: float) -> Image.Image:
    return ImageOps.solarize(image, round(256 * (1 - abs(drawn))))


OPERATIONS: dict[str, tuple[Change | None, Operation]] = {
    "identity": (None, lambda image, drawn: image),
    "autocontrast": (Change.COLOUR, lambda image, drawn: ImageOps.autocontrast(image)),
    "equalize": (Change.COLOUR, lambda image, drawn: ImageOps.equalize(image)),
    "rotate": (None, _turned),
    "solarize": (Change.COLOUR, _solarised),
    "color": (Change.COLOUR, partial(_enhanced, what=ImageEnhance.Color)),
    "posterize": (Change.COLOUR, _posterised),
    "contrast": (Change.COLOUR, partial(_enhanced, what=ImageEnhance.Contrast)),
    "brightness": (Change.COLOUR, partial(_enhanced, what=ImageEnhance.Brightness)),
    "sharpness": (None, partial(_enhanced, what=ImageEnhance.Sharpness)),
    "shear_x": (None, partial(_sheared, across=True)),
    "shear_y": (None, partial(_sheared, across=False)),
    "translate_x": (Change.CROP, partial(_shifted, across=True)),
    "translate_y": (Change.CROP, partial(_shifted, across=False)),
}
"""The paper's 14 operations, by its names, with the change that a task may forbid."""
