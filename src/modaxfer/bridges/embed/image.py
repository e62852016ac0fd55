"""Pictures as a square grid of patches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn

from modaxfer.bridges.embed.modality import Column, pad, spread
from modaxfer.contracts import Batch, Example
from modaxfer.data.media import read_image

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

__all__ = ["ImageEmbedder", "ImageModality"]

LOOKED_AT = 1000
"""Training pictures that sizes and colours are learned from."""

PATCHES = (2, 4, 8, 16)
"""Sides of a patch that are tried, in pixels."""

ENOUGH = 8
"""Patches per side that a small picture is cut into: 64 as in FPT (Lu et al. 2021)."""

MOST = 14
"""Patches per side of a large picture, as in ViT for 224 pixels."""


class ImageModality:
    """Image fields: resized to one square, cut to patches, colours scaled by the training pictures.

    The square is as large as the training pictures' longer side, at most 224 pixels.

    Args:
        size: Pixels per side; None = learned.
        patch: Pixels per side of a patch; None = learned.
        root: Folder that relative paths are resolved against and may not leave.
    """

    def __init__(self, size: int | None, patch: int | None, root: Path | None) -> None:
        self._size, self._patch, self._root = size, patch, root
        self._median = 0
        self._learned: dict[str, Any] = {}
        self._seen = 0

    @property
    def cut(self) -> tuple[int, int]:
        """Pictures are shrunk, never cut."""
        return 0, self._seen

    @property
    def least(self) -> int:
        """One patch, or all of a picture whose size and patches were asked for."""
        if self._size is None or self._patch is None:
            return 1
        return (self._size // self._patch) ** 2

    def read(self, value: Any) -> Image.Image | None:
        """Decode to RGB; a missing picture is None.

        Raises:
            DataError: The picture cannot be read.
        """
        return None if value is None else read_image(value, self._root)

    def fit(self, columns: Sequence[Column], targets: np.ndarray) -> list[int]:
        """Learn the pictures' size and the mean and deviation of each colour; return the patches of each field."""
        sides, histogram = [], np.zeros((3, 256))
        for column in columns:
            for picture in spread(column, LOOKED_AT):
                if picture is not None:
                    sides.append(max(picture.size))
                    histogram += np.reshape(picture.histogram(), (3, 256)) / (picture.width * picture.height)
        self._median = int(np.median(sides)) if sides else PATCHES[-1]
        share = histogram / max(1, len(sides))
        mean = share @ np.arange(256)
        # One grey level at the least: a plain colour has no deviation.
        variance = np.maximum(share @ np.arange(256) ** 2 - mean**2, 1.0)
        self._learned = {"mean": mean.tolist(), "deviation": np.sqrt(variance).tolist()}
        _, grid = self._cutting(None)
        return [grid**2] * len(columns)

    def settle(self, tokens: Sequence[int]) -> None:
        """Choose patch and grid so that the picture fits the smallest share."""
        patch, grid = self._cutting(min(tokens))
        assert grid**2 <= min(tokens)
        self._learned |= {"patch": patch, "grid": grid}

    def state(self) -> dict[str, Any]:
        """Return patch, grid, mean and deviation."""
        return dict(self._learned)

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over another's state."""
        self._learned = dict(state)

    def prepare(self, run: int, values: Sequence[Image.Image | None]) -> list[Example]:
        """Return ``pixels`` uint8 ``[patches, side * side * 3]``; a missing picture is one patch of the mean colour."""
        self._seen += len(values)
        return [{"pixels": self._patches(value)} for value in values]

    def length(self, example: Example) -> int:
        """Return the number of patches."""
        return len(example["pixels"])

    def collate(self, examples: Sequence[Example]) -> Batch:
        """Stack to ``pixels`` uint8 ``[batch, patches, side * side * 3]`` and ``mask`` bool ``[batch, patches]``."""
        pixels, mask = pad([example["pixels"] for example in examples])
        return {"pixels": pixels, "mask": mask}

    def embedder(self, width: int) -> nn.Module:
        """Return an `ImageEmbedder`."""
        return ImageEmbedder(width=width, **self._learned)

    def _cutting(self, most: int | None) -> tuple[int, int]:
        """Return the patch side and the patches per side for at most `most` patches, as far as they are free."""
        limit = MOST if most is None else math.isqrt(most)
        if self._size is not None:
            fitting = (side for side in range(1, self._size) if self._size % side == 0 and self._size // side <= limit)
            patch = self._patch or next(fitting, self._size)
            return patch, self._size // patch
        if self._patch is not None:
            return self._patch, min(math.ceil(self._median / self._patch), limit)
        fitting = (side for side in PATCHES if math.ceil(self._median / side) <= min(limit, ENOUGH))
        patch = next(fitting, PATCHES[-1])
        return patch, min(math.ceil(self._median / patch), limit, MOST)

    def _patches(self, picture: Image.Image | None) -> np.ndarray:
        patch, grid = self._learned["patch"], self._learned["grid"]
        if picture is None:
            colour = np.rint(self._learned["mean"]).astype(np.uint8)
            return np.tile(colour, patch * patch)[None]
        side = patch * grid
        pixels = np.asarray(picture.resize((side, side)), dtype=np.uint8)
        return np.ascontiguousarray(pixels.reshape(grid, patch, grid, patch, 3).swapaxes(1, 2)).reshape(grid**2, -1)


class ImageEmbedder(nn.Module):
    """Projects patches and adds where they lie: a learned embedding of the row and one of the column.

    Args:
        width: Entries of an embedded patch.
        patch: Pixels per side of a patch.
        grid: Patches per side.
        mean: Of each colour, 0 to 255.
        deviation: Standard deviation of each colour.
    """

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, *, width: int, patch: int, grid: int, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.grid = grid
        self.project = nn.Linear(patch * patch * 3, width)
        self.rows, self.columns = nn.Embedding(grid, width), nn.Embedding(grid, width)
        for table in (self.rows, self.columns):
            nn.init.normal_(table.weight, std=0.02)
        # They stand in the bridge's state and need not be saved twice.
        self.register_buffer("mean", torch.tensor(mean).repeat(patch * patch), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).repeat(patch * patch), persistent=False)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Map ``pixels`` ``[batch, patches, side * side * 3]`` to ``[batch, patches, width]``."""
        pixels = (batch["pixels"].to(self.mean.dtype) - self.mean) / self.deviation
        place = torch.arange(pixels.shape[1], device=pixels.device)
        where = self.rows(place // self.grid) + self.columns(place % self.grid)
        return cast("torch.Tensor", self.project(pixels) + where)
