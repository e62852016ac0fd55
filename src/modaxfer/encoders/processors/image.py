"""Pictures and strips of patches into uint8 pixels; scaling to floats is the encoder's own first step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from modaxfer.contracts import NO_UNIT, UNITS, UNREAD, Batch, Example, PatchStrip
from modaxfer.data.media import in_threads
from modaxfer.encoders.processors.identity import fingerprint
from modaxfer.encoders.processors.padding import pad, pad_mask
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ImageProcessor", "PatchProcessor"]


class ImageProcessor:
    """Resizes pictures to a square, the whole picture, nothing cut off; bytes stay bytes so that a store is small.

    Args:
        size: Pixels per side.
        resample: Pillow's number of the filter (2 bilinear, 3 bicubic).
        tokens: How many tokens of one picture enter the encoder's body.
    """

    def __init__(self, size: int, resample: int, tokens: int) -> None:
        self.size, self.resample, self.tokens = size, resample, tokens
        self.identity = fingerprint("image", {"size": size, "resample": resample})

    def __call__(self, raws: Sequence[Image.Image]) -> list[Example]:
        """Return ``pixel_values`` uint8 ``[3, size, size]``."""
        for image in raws:
            image.load()  # One that is decoded late, and given twice, must not be decoded in two threads.
        return [{"pixel_values": pixels} for pixels in in_threads(self._pixels, raws)]

    def _pixels(self, image: Image.Image) -> np.ndarray:
        coloured = image if image.mode == "RGB" else image.convert("RGB")
        resized = coloured.resize((self.size, self.size), self.resample)
        return np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))

    @property
    def rows_at_once(self) -> int:
        """Pictures that are decoded together: a photo takes 16 MB until it is resized."""
        return 16

    def length(self, example: Example) -> int:
        """Return the number of tokens, the same for all."""
        return self.tokens

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Stack to ``pixel_values`` uint8 ``[batch, 3, size, size]``."""
        return {"pixel_values": torch.from_numpy(np.stack([example["pixel_values"] for example in examples]))}


class PatchProcessor:
    """Passes strips of patches on, checked.

    Args:
        side: Pixels per side of a patch.
        most: Most patches that the encoder's grid has places for.
    """

    def __init__(self, side: int, most: int) -> None:
        self.side, self.most = side, most
        self.identity = fingerprint("patches", {"side": side, "most": most})

    def __call__(self, raws: Sequence[PatchStrip]) -> list[Example]:
        """Return ``patches`` uint8 ``[patches, side, side, 3]``; of words also `UNITS`, behind the class token.

        Raises:
            RefusedError: A strip is empty, too long, or of another patch size.
        """
        for strip in raws:
            if strip.pixels.shape[1:] != (self.side, self.side, 3) or not 1 <= len(strip.pixels) <= self.most:
                raise RefusedError(
                    "a strip of patches does not fit the encoder",
                    got=f"shape {strip.pixels.shape}",
                    allowed=f"1 to {self.most} patches of {self.side} x {self.side} x 3 bytes",
                    fix="let the bridge cut it; it knows the encoder's layout",
                )
        return [self._example(strip) for strip in raws]

    def _example(self, strip: PatchStrip) -> Example:
        patches = {"patches": np.ascontiguousarray(strip.pixels, dtype=np.uint8)}
        if strip.words is None:
            return patches
        return {**patches, UNITS: np.where(strip.words == UNREAD, UNREAD, strip.words + 1).astype(np.int32)}

    def length(self, example: Example) -> int:
        """Return the number of tokens, the class token included."""
        return len(example["patches"]) + 1

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Pad to ``patches`` uint8 ``[batch, patches, side, side, 3]`` and ``mask`` bool ``[batch, patches]``.

        Of words, `UNITS` int64 ``[batch, words]`` says which token is each one's.
        """
        arrays = [example["patches"] for example in examples]
        batch = {"patches": pad(arrays), "mask": pad_mask([len(array) for array in arrays])}
        if UNITS in examples[0]:
            batch[UNITS] = pad([example[UNITS] for example in examples], NO_UNIT, np.int64)
        return batch
