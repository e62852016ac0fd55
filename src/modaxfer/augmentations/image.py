"""Augmentations of pictures: RGB `PIL.Image.Image` in, one of the same size out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["colour", "crop", "edge_colour", "flip", "moved", "rotate", "scale"]

ASPECT = 4 / 3
"""Most that the shape of a cut-out differs from the picture's."""

ENHANCERS = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def flip(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Mirror left and right with probability `strength`."""
    return ImageOps.mirror(image) if generator.random() < strength else image


def rotate(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Turn by an angle drawn from +- `strength` degrees; corners that come in have the colour of the edge."""
    angle = float(generator.uniform(-strength, strength))
    return image.rotate(angle, Image.Resampling.BILINEAR, fillcolor=edge_colour(image))


def crop(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Cut out a part and enlarge it to the picture's size (Szegedy et al. 2015).

    Its area is drawn from ``1 - strength`` ... 1 of the picture's, its shape from 3/4 ... 4/3 of the picture's shape,
    its place from all where it fits.
    """
    share = float(generator.uniform(1 - strength, 1))
    aspect = math.exp(generator.uniform(-math.log(ASPECT), math.log(ASPECT)))
    # No side may be longer than the picture's own.
    aspect = min(max(aspect, share), 1 / share)
    width, height = (
        math.sqrt(share * factor) * side for factor, side in zip((aspect, 1 / aspect), image.size, strict=True)
    )
    left, top = generator.uniform(0, 1, 2) * (image.width - width, image.height - height)
    box = (float(left), float(top), float(left + width), float(top + height))
    return image.resize(image.size, Image.Resampling.BILINEAR, box=_inside(box, image.size))


def scale(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Enlarge or shrink about the middle by a factor of at most ``1 + strength``; the frame keeps its size."""
    most = math.log1p(strength)
    factor = math.exp(generator.uniform(-most, most))
    return moved(image, np.diag([1 / factor, 1 / factor]))


def colour(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Change brightness, contrast and saturation, in a drawn order, each by a factor from 1 -+ `strength`."""
    for place in generator.permutation(len(ENHANCERS)):
        image = ENHANCERS[place](image).enhance(float(generator.uniform(1 - strength, 1 + strength)))
    return image


def moved(image: Image.Image, inverse: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> Image.Image:
    """Map a picture about its middle; what comes in from outside has the colour of the edge.

    Args:
        image: RGB.
        inverse: ``[2, 2]``; the pixel at ``p`` shows what stood at ``inverse @ (p - middle) + middle - shift``.
        shift: Pixels to the right and down.
    """
    middle = np.array([image.width / 2, image.height / 2])
    origin = middle - inverse @ middle - shift
    numbers = (inverse[0, 0], inverse[0, 1], origin[0], inverse[1, 0], inverse[1, 1], origin[1])
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        tuple(float(number) for number in numbers),
        Image.Resampling.BILINEAR,
        fillcolor=edge_colour(image),
    )


def edge_colour(image: Image.Image) -> tuple[int, int, int]:
    """Return the median colour of the outermost pixels: a page stays white, the night stays black."""
    pixels = np.asarray(image.convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(edge, axis=0))
    return red, green, blue


def _inside(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return `box` without what rounding put outside."""
    left, top, right, bottom = box
    return max(0.0, left), max(0.0, top), min(float(size[0]), right), min(float(size[1]), bottom)
