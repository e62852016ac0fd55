"""Pictures to pixels."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

__all__ = ["Inputs"]


class Inputs:
    """Resizes pictures to a square, nothing cut off; transparent parts become white."""

    alone = False

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.fields: list[str] = told["fields"]
        self.size, self.resample, self.scaled = int(told["size"]), int(told["resample"]), bool(told["scaled"])
        self.factor = float(told["factor"])
        self.mean, self.deviation = (np.array(told[name], np.float32)[:, None, None] for name in ("mean", "deviation"))

    def __call__(self, rows: Sequence[Any]) -> list[dict[str, np.ndarray]]:
        """Return ``pixel_values`` ``[3, size, size]`` of each row: a path, bytes, a picture, or a mapping with one."""
        return [{"pixel_values": self._pixels(row)} for row in rows]

    def batch(self, examples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, torch.Tensor]:
        """Stack to ``pixel_values`` ``[batch, 3, size, size]``."""
        return {"pixel_values": torch.from_numpy(np.stack([one["pixel_values"] for one in examples]))}

    def _pixels(self, row: Any) -> np.ndarray:
        value = row[self.fields[0]] if isinstance(row, Mapping) and self.fields[0] in row else row
        resized = _picture(value).resize((self.size, self.size), self.resample)
        pixels = np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))
        return (pixels.astype(np.float32) * self.factor - self.mean) / self.deviation if self.scaled else pixels


def _picture(value: Any) -> Image.Image:
    """Return RGB of a path, encoded bytes, ``{"bytes", "path"}`` or a picture."""
    if isinstance(value, Mapping):
        value = value["path"] if value.get("bytes") is None else value["bytes"]
    image = (
        value
        if isinstance(value, Image.Image)
        else Image.open(io.BytesIO(value) if isinstance(value, bytes) else value)
    )
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")
