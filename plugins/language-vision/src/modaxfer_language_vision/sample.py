"""A made-up sample for `nlvr`: drawn boxes and what may be said of them, for trying things out.

No picture or sentence is taken from the real data set. Every sentence is true of half of its pictures, so that words
alone tell nothing. A score on it says nothing about NLVR.
"""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["nlvr"]

_TRAIN_PAIRS, _TEST_PAIRS = 40, 40
"""Sentences, each with one picture of which it is true and one of which it is not."""
_TRAIN_ORDERS, _TEST_ORDERS = 2, 1
"""Orders of the three boxes in which a picture is shown."""

_BOX, _GAP = 100, 50
_SIZES = (14, 22, 30)
_SHAPES = ("circle", "triangle", "square")
_COLOURS = {"yellow": (255, 211, 5), "black": (16, 16, 16), "blue": (0, 112, 208)}
_GREY = (212, 212, 212)

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@dataclass(frozen=True, kw_only=True)
class _Item:
    """A thing in a box."""

    shape: str
    colour: str
    size: int
    left: int
    top: int


_Boxes = list[list[_Item]]


def nlvr(seed: int) -> dict[str, pa.Table]:
    """Return ``train`` (160 rows: 80 pictures, each with its boxes in two orders) and ``test`` (80, one order).

    Columns as in the real data: ``image`` (PNG, 400 x 100, colour), ``sentence``, ``label`` (true, false),
    ``identifier`` (the same for all orders of a picture), ``permutation``.
    """
    draw = random.Random(seed)
    return {
        "train": _table(draw, range(_TRAIN_PAIRS), _TRAIN_ORDERS),
        "test": _table(draw, range(_TRAIN_PAIRS, _TRAIN_PAIRS + _TEST_PAIRS), _TEST_ORDERS),
    }


def _table(draw: random.Random, numbers: range, orders: int) -> pa.Table:
    rows = [row for number in numbers for row in _presentations(draw, number, orders)]
    images = [{"bytes": _png(boxes), "path": None} for boxes, *_ in rows]
    _, sentences, labels, identifiers, permutations = zip(*rows, strict=True)
    return pa.table(
        {
            "image": pa.array(images, _MEDIA),
            "sentence": sentences,
            "label": labels,
            "identifier": identifiers,
            "permutation": permutations,
        }
    )


def _presentations(draw: random.Random, number: int, orders: int) -> Iterator[tuple[_Boxes, str, str, str, int]]:
    sentence, holds = _statement(draw)
    for wanted in (True, False):
        boxes = _boxes(draw)
        while holds(boxes) is not wanted:
            boxes = _boxes(draw)
        for order in range(orders):
            yield boxes, sentence, str(wanted).lower(), f"{number}-{int(wanted)}", order
            boxes = [*boxes[1:], boxes[0]]


def _statement(draw: random.Random) -> tuple[str, Callable[[_Boxes], bool]]:
    """Return a sentence and what decides whether it is true; no sentence depends on the order of the boxes."""
    colour, shape, count = draw.choice(tuple(_COLOURS)), draw.choice(_SHAPES), draw.choice((2, 3))

    def kinds(boxes: _Boxes) -> list[tuple[str, str]]:
        return [(item.colour, item.shape) for box in boxes for item in box]

    def coloured(box: list[_Item]) -> int:
        return sum(item.colour == colour for item in box)

    return draw.choice(
        (
            (f"There is a {colour} {shape}.", lambda boxes: (colour, shape) in kinds(boxes)),
            (f"There is no {colour} {shape}.", lambda boxes: (colour, shape) not in kinds(boxes)),
            (f"Every box has a {colour} item.", lambda boxes: all(map(coloured, boxes))),
            (f"One box has no {colour} item.", lambda boxes: not all(map(coloured, boxes))),
            (
                f"There is a box with only {colour} items.",
                lambda boxes: any(coloured(box) == len(box) for box in boxes),
            ),
            (
                f"There is a box with {count} or more {colour} items.",
                lambda boxes: any(coloured(box) >= count for box in boxes),
            ),
        )
    )


def _boxes(draw: random.Random) -> _Boxes:
    # Few kinds in a picture: else nearly every picture would have one of each.
    colours = draw.sample(tuple(_COLOURS), k=draw.choice((1, 2, 2, 3)))
    shapes = draw.sample(_SHAPES, k=draw.choice((1, 2, 3)))
    return [_box(draw, colours, shapes) for _ in range(3)]


def _box(draw: random.Random, colours: list[str], shapes: list[str]) -> list[_Item]:
    placed: list[_Item] = []
    wanted = draw.randint(1, 5)
    while len(placed) < wanted:
        size = draw.choice(_SIZES)
        left, top = draw.randint(1, _BOX - size - 2), draw.randint(1, _BOX - size - 2)
        item = _Item(shape=draw.choice(shapes), colour=draw.choice(colours), size=size, left=left, top=top)
        if not any(_touch(item, other) for other in placed):
            placed.append(item)
    return placed


def _touch(item: _Item, other: _Item) -> bool:
    return (
        item.left <= other.left + other.size
        and other.left <= item.left + item.size
        and item.top <= other.top + other.size
        and other.top <= item.top + item.size
    )


def _png(boxes: _Boxes) -> bytes:
    image = Image.new("RGB", (3 * _BOX + 2 * _GAP, _BOX), "white")
    pen = ImageDraw.Draw(image)
    for number, box in enumerate(boxes):
        start = number * (_BOX + _GAP)
        pen.rectangle((start, 0, start + _BOX - 1, _BOX - 1), fill=_GREY)
        for item in box:
            _draw(pen, item, start)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _draw(pen: ImageDraw.ImageDraw, item: _Item, start: int) -> None:
    left, top = start + item.left, item.top
    right, bottom = left + item.size, top + item.size
    colour = _COLOURS[item.colour]
    if item.shape == "circle":
        pen.ellipse((left, top, right, bottom), fill=colour)
    elif item.shape == "triangle":
        pen.polygon([((left + right) / 2, top), (right, bottom), (left, bottom)], fill=colour)
    else:
        pen.rectangle((left, top, right, bottom), fill=colour)
