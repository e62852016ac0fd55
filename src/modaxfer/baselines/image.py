"""The simple model of images: small raw pixels and a linear model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from sklearn.preprocessing import StandardScaler

from modaxfer.baselines.linear import linear_candidates
from modaxfer.data.media import read_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modaxfer.baselines.sample import Outputs, Sample

__all__ = ["NAME", "candidates"]

SIDE = 16
NAME = f"raw pixels at {SIDE} x {SIDE}"
INVERSE_STRENGTHS = (0.001, 0.01, 0.1)


def candidates(sample: Sample) -> Iterator[Outputs]:
    """Yield linear models over the standardised pixels of a row's images, side by side."""
    pixels = {split: _pixels(sample, split) for split in sample.columns}
    if all((part == part[:, :, :, :1]).all() for part in pixels.values()):
        pixels = {split: part[:, :, :, :1] for split, part in pixels.items()}
    flat = {split: part.reshape(len(part), -1) for split, part in pixels.items()}
    scaler = StandardScaler().fit(flat["train"])
    yield from linear_candidates(
        {split: scaler.transform(part) for split, part in flat.items()}, sample, INVERSE_STRENGTHS
    )


def _pixels(sample: Sample, split: str) -> np.ndarray:
    """Return float32 ``[rows, images * side, side, 3]``; a row's images stand one under the other."""
    columns = sample.columns[split].values()
    rows = [np.concatenate([_small(value, sample) for value in row]) for row in zip(*columns, strict=True)]
    return np.stack(rows).astype(np.float32)


def _small(value: object, sample: Sample) -> np.ndarray:
    image = read_image(value, sample.root)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX))
