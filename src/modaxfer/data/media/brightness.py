"""Pictures of numbers (floats, 16 and 32 bits) in the bytes that encoders take: what is white, where no type says so.

The smallest customary white that no pixel of the picture exceeds is taken: 1, 255, 4095 (12 bits), 65535, or for 32-bit
integers that use their upper half 2147483647. Anything else, and numbers below zero, is refused: it would be a guess.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

__all__ = ["HAS_NUMBERS", "in_bytes", "said_of"]

HAS_NUMBERS = ("I", "F")
"""How Pillow's modes of numbers begin: ``I``, ``I;16``, ``I;16B``, ``F``."""

_WHITES = (1, 255, 4095, 65535)
_WHITE_32 = 2**31 - 1
_REMARK = "white is "


def in_bytes(image: Image.Image) -> tuple[Image.Image, str]:
    """Return `image` in shades of grey, and a remark on what was taken for white.

    Raises:
        ValueError: Nothing says what is black and what is white.
    """
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ValueError("it holds numbers that are not finite")
    low, high = values.min(), values.max()
    white = next((white for white in _WHITES if high <= white), None)
    if white is None and values.dtype.kind != "f" and high > _WHITE_32 // 256:
        white = _WHITE_32
    if low < 0 or white is None:
        raise ValueError(f"it holds numbers from {low:g} to {high:g}; save it with 0 as black and 255 as white")
    shades = np.multiply(values, 255 / white, dtype=np.float32)
    shades = np.rint(shades, out=shades).astype(np.uint8)
    stated = " by its type" if values.dtype.itemsize == 2 and white == 65535 else ""
    return Image.fromarray(shades), f"{_REMARK}{white}{stated}"


def said_of(remarks: dict[str, int]) -> str | None:
    """Return the sentence about what was taken for white, from remarks of `in_bytes` with their counts."""
    found = {name.removeprefix(_REMARK): count for name, count in remarks.items() if name.startswith(_REMARK)}
    if all("type" in white for white in found):
        return None
    whites = ", ".join(f"{white} in {count}" for white, count in sorted(found.items(), key=lambda item: len(item[0])))
    doubt = "; if they share one scale, save them as 8-bit pictures" if len(found) > 1 else ""
    return (
        f"pictures of floats or wide integers do not say what is white; taken by their largest number: {whites}{doubt}"
    )
