"""Raw inputs of each kind that an encoder takes, of several lengths, made by rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from modaxfer.contracts import PatchStrip, Sound
from modaxfer.testing.material.tiny_models import WORDS

__all__ = ["RATE", "longest", "raws", "shortest", "tone"]

RATE = 16_000
"""Samples per second (Hz) of the sounds."""


def raws(kind: str, count: int = 3, side: int = 8) -> list[Any]:
    """Return raw inputs of different lengths, the shortest first, as bridges hand them to an encoder.

    Args:
        kind: ``text`` (pairs of texts), ``image``, ``patches`` (strips of them) or ``audio``.
        count: How many.
        side: Pixels per side of a patch.
    """
    rng = np.random.default_rng(0)
    if kind == "text":
        return [(" ".join(rng.choice(WORDS, size=3 + 5 * row)), "plaintiff") for row in range(count)]
    if kind == "image":
        return [Image.fromarray(rng.integers(0, 255, (20, 30, 3), dtype=np.uint8)) for _ in range(count)]
    if kind == "patches":
        return _strips(rng, [3 + 4 * row for row in range(count)], side)
    sizes = [1600 * (1 + 2 * row) + 37 * row for row in range(count)]
    return [Sound(samples=rng.normal(0, 0.1, size).astype(np.float32), rate=RATE) for size in sizes]


def shortest(kind: str, side: int = 8) -> Any:
    """Return the least that can stand in a row: one word, a picture of one pixel, one patch, one sample of sound."""
    rng = np.random.default_rng(0)
    if kind == "text":
        return ("a",)
    if kind == "image":
        return Image.fromarray(rng.integers(0, 255, (1, 1, 3), dtype=np.uint8))
    if kind == "patches":
        return _strips(rng, [1], side)[0]
    return Sound(samples=np.full(1, 0.1, np.float32), rate=RATE)


def tone(rate: int) -> Sound:
    """Return half a second of a tone of 200 Hz, at `rate` Hz."""
    return Sound(samples=np.sin(np.arange(rate // 2) * (2 * np.pi * 200 / rate)).astype(np.float32), rate=rate)


def _strips(rng: np.random.Generator, sizes: Sequence[int], side: int) -> list[PatchStrip]:
    return [PatchStrip(pixels=rng.integers(0, 255, (size, side, side, 3), dtype=np.uint8)) for size in sizes]


def longest(kind: str, tokens: int, side: int = 8) -> Any:
    """Return more than an encoder of `tokens` tokens can read."""
    rng = np.random.default_rng(0)
    if kind == "text":
        return (" ".join(rng.choice(WORDS, size=2 * tokens)),)
    if kind == "image":
        return Image.fromarray(rng.integers(0, 255, (300, 500, 3), dtype=np.uint8))
    if kind == "patches":
        return _strips(rng, [2 * tokens], side)[0]
    return Sound(samples=rng.normal(0, 0.1, 40 * RATE).astype(np.float32), rate=RATE)
