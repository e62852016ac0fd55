"""How a sign looks to a car that drives up to it: small, aslant, out of focus. Left stays left, red stays red."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["approach", "homography"]

ASLANT = 0.3
"""Most that a corner moves inwards at strength 1, as a share of the side: the four never change places below 0.5."""
FAR = 0.7
"""Most of the side that is lost at strength 1."""
BLUR = 0.02
"""Largest radius at strength 1, as a share of the side."""


def approach(image: Image.Image, strength: float, generator: Generator) -> Image.Image:
    """Return the picture as from another place: its corners move inwards, fine detail is lost, it is out of focus.

    What comes in from outside has the colour of the edge. Nothing of the picture is cut away, and no draw mirrors it:
    corners stay in their quarters.

    Args:
        image: RGB.
        strength: 0 to 1.
        generator: Of all chance.
    """
    width, height = image.size
    inwards = generator.uniform(0, ASLANT * strength, (4, 2))
    share, radius = 1 - generator.uniform(0, FAR * strength), generator.uniform(0, BLUR * strength) * max(width, height)
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    corners = (unit + np.where(unit == 0, inwards, -inwards)) * (width, height)
    seen = image.transform(
        image.size,
        Image.Transform.PERSPECTIVE,
        homography(corners, unit * (width, height)),
        Image.Resampling.BILINEAR,
        fillcolor=_edge(image),
    )
    small = (max(1, round(width * share)), max(1, round(height * share)))
    far = seen.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BILINEAR)
    return far.filter(ImageFilter.GaussianBlur(radius))


def homography(seen: np.ndarray, stood: np.ndarray) -> tuple[float, ...]:
    """Return ``a ... h`` of ``((ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1))``.

    It maps the four points `seen` to the four that `stood` there, both ``[4, 2]``, no three on a line (Hartley &
    Zisserman 2004, section 4.1, with the last number fixed at 1).
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(seen, stood, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(float(number) for number in np.linalg.solve(np.array(rows), np.array(right)))


def _edge(image: Image.Image) -> tuple[int, int, int]:
    pixels = np.asarray(image.convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(edge, axis=0))
    return red, green, blue
