"""One picture to RGB."""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image, ImageOps

from modaxfer.data.media.brightness import HAS_NUMBERS, in_bytes
from modaxfer.data.media.limits import PIXELS, most_pixels
from modaxfer.data.media.threaded import in_threads
from modaxfer.data.media.values import Encoded, encoded, refuse_nothing, unreadable
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections import Counter
    from pathlib import Path

__all__ = ["MOST_SHOWN", "SEVERAL", "check_image", "open_picture", "read_image", "read_images"]

MOST_SHOWN = 2048 * 2048
"""Pixels that are handed on at most; a larger picture is shrunk, its shape kept. No encoder sees more."""

SEVERAL = "several frames"
"""Remark on a file with more pictures than the one that is read."""

_HUGE = 4 * MOST_SHOWN
"""Pixels from which on pictures are decoded one at a time, however many threads there are."""

_BLENDS = ("CMYK", "L", "LA", "RGB", "RGBA", "YCbCr")
"""Modes in which the mean of two pixels is a pixel."""

_DRAWINGS = ("EPS", "WMF")
"""Formats that Pillow hands to other programs to draw; a program that draws can be told to do more."""

_ONE_AT_A_TIME, _OPENING, _QUIET = threading.Lock(), threading.Lock(), threading.Lock()


def read_image(value: Any, root: Path | None) -> Image.Image:
    """Decode one image to RGB, turned as its EXIF orientation says; transparent parts become white.

    Of an animated or many-page file the first picture is read. A picture of more than 2048 x 2048 pixels is shrunk to
    that many. Numbers that are not bytes (floats, 16 and 32 bits) are scaled as `brightness` says.

    Args:
        value: A path below `root`, encoded bytes, ``{"bytes", "path"}`` of which one is set, base64 text or a ``data:``
            address; a picture that is decoded already is returned as it is.
        root: Folder that paths are resolved against and may not leave; None where the data brings no files.

    Raises:
        DataError: The file is missing, outside `root`, truncated, too large or no image.
    """
    (image,) = read_images([value], root)
    return image


def read_images(values: Sequence[Any], root: Path | None) -> list[Image.Image]:
    """Decode images as `read_image` does, several at a time.

    Raises:
        DataError: One cannot be read; the first of them is told.
    """

    def read(value: Any) -> Image.Image:
        return value if isinstance(value, Image.Image) else _decode(encoded(value, root), MOST_SHOWN, None)

    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of broken EXIF data and the like, which spoils no pixel.
        return in_threads(read, values)


def check_image(file: Encoded, remarks: Counter[str]) -> None:
    """Decode a picture as `read_image` would, a JPEG at an eighth of its size, and forget it.

    Args:
        file: The encoded picture.
        remarks: Counts what is to be said of it.

    Raises:
        DataError: `read_image` would raise it.
    """
    # A JPEG decoded at an eighth of its size shows a truncated file as well, three times faster.
    _decode(file, 1, remarks)


def open_picture(stream: BinaryIO) -> Image.Image:
    """Read a picture's header.

    Raises:
        OSError: It is no picture, or one that only another program could draw. Broken files raise other errors, too.
    """
    with _OPENING:
        # Pillow's own limit warns where ours refuses, and is one for the whole process: it stands aside for a moment.
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(stream)
        finally:
            Image.MAX_IMAGE_PIXELS = before
    if image.format in _DRAWINGS:
        raise OSError(f"a drawing in {image.format}, not a picture of pixels")
    return image


def _decode(file: Encoded, enough: int, remarks: Counter[str] | None) -> Image.Image:
    refuse_nothing("image", file)
    with file.open() as stream:
        try:
            with open_picture(stream) as image:
                _draft(image, enough)
                _refuse_bomb(image, file.name)
                many = remarks is not None and image.format != "MPO" and getattr(image, "is_animated", False)
                huge = math.prod(image.size) > _HUGE
                with _ONE_AT_A_TIME if huge else nullcontext():
                    shown = _shown(image, {} if remarks is None else remarks)
                    if shown is not image:
                        image.close()  # Its memory is free before the next one starts.
        except DataError:
            raise
        except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError and struct.error among them.
            raise unreadable("image", file.name, error) from error
    if many and remarks is not None:
        remarks[SEVERAL] += 1
    return shown


def _draft(image: Image.Image, enough: int) -> None:
    """Let the JPEG decoder leave pixels out where there are more than `enough`; other formats cannot."""
    share = math.sqrt(enough / max(1, math.prod(image.size)))
    if share < 1:
        image.draft(None, (max(1, int(image.width * share)), max(1, int(image.height * share))))


def _refuse_bomb(image: Image.Image, name: str) -> None:
    if math.prod(image.size) > (most := most_pixels()):
        raise DataError(
            "unreadable image: it is too large", file=name,
            got=f"{image.width} x {image.height} pixels, {math.prod(image.size) / 1e6:,.0f} million",
            allowed=f"{most / 1e6:,.0f} million", fix=f"shrink it, or raise the cap with {PIXELS}",
        )  # fmt: skip


def _shown(image: Image.Image, remarks: dict[str, int]) -> Image.Image:
    """Return the picture as encoders get it; a large one is shrunk as early as can be, for each step copies it."""
    image.load()
    if image.mode.startswith(HAS_NUMBERS):
        exif = image.getexif()
        image, said = in_bytes(image)
        image.getexif().update(exif)
        remarks[said] = remarks.get(said, 0) + 1
    if image.mode not in _BLENDS or "transparency" in image.info:
        image = _to_rgb(image)
    image = _shrunk(image)
    ImageOps.exif_transpose(image, in_place=True)
    return _to_rgb(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _shrunk(image: Image.Image) -> Image.Image:
    share = math.sqrt(MOST_SHOWN / max(1, math.prod(image.size)))
    if share >= 1:
        return image
    size = (max(1, int(image.width * share)), max(1, int(image.height * share)))
    smaller = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    smaller.getexif().update(image.getexif())
    return smaller
