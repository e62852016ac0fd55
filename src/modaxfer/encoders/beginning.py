"""Where a vision transformer without weights begins: patches told apart, and places known, before the first step."""

from __future__ import annotations

import math
from typing import Any

import torch

from modaxfer.contracts import Batch
from modaxfer.encoders.image import ViTEncoder

__all__ = ["begin_with", "grid_sines", "sines", "whitening"]

STRENGTH = 0.5
"""Standard deviation of what the projection says of a patch, beside positions of amplitude `PLACES`."""

PLACES = 0.35

FLOOR = 2e-4
"""Directions that have less than this share of all variance are noise, and not made as loud as the others."""

MOST_PATCHES = 20_000


def begin_with(encoder: Any, batch: Batch) -> bool:
    """Set the projection of patches and the positions of a vision transformer that has random weights.

    Drawn as usual, at a deviation of .02, a projection makes nearly the same of any two patches that are mostly white,
    and it takes thousands of steps to come away from there.

    Args:
        encoder: Any; others than vision transformers are left as they are.
        batch: Rows that it will be trained on.

    Returns:
        Whether anything was set.
    """
    if not isinstance(encoder, ViTEncoder):
        return False
    projection = encoder.embeddings.patch_embeddings.projection
    weight, bias = whitening(_pixels(encoder, batch), projection.weight.shape[0])
    table = encoder.embeddings.position_embeddings
    places = table.shape[1] - 1
    drawn = sines(places, table.shape[2]) if "patches" in batch else grid_sines(math.isqrt(places), table.shape[2])
    with torch.no_grad():
        projection.weight.copy_(weight.reshape(projection.weight.shape))
        projection.bias.copy_(bias)
        table[0, 1:] = PLACES * drawn
    return True


def whitening(pixels: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight ``[width, numbers]`` and bias ``[width]`` of a random projection of whitened pixels.

    Args:
        pixels: float32 ``[patches, numbers]``.
        width: Numbers that are made of a patch; drawn from torch's generator.
    """
    mean = pixels.mean(0)
    variances, axes = torch.linalg.eigh((pixels - mean).T @ (pixels - mean) / len(pixels))
    variances = variances.clamp(min=0)
    floor = (FLOOR * variances.sum()).clamp(min=1e-9)
    mixed = torch.randn(width, len(variances)) @ (axes * (variances.sqrt() / (variances + floor))).T
    deviation = ((pixels - mean) @ mixed.T).std().clamp(min=1e-6)
    weight = STRENGTH / deviation * mixed
    return weight, -weight @ mean


def sines(count: int, width: int) -> torch.Tensor:
    """Return sines and cosines of places in a row, ``[count, width]`` (Vaswani et al. 2017)."""
    rates = torch.exp(-torch.arange(0, width, 2) / width * math.log(1000.0))
    angles = torch.arange(count)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)[:, :width]


def grid_sines(side: int, width: int) -> torch.Tensor:
    """Return the same of rows and columns of a square, half of the numbers each, ``[side * side, width]``."""
    half = sines(side, width - width // 2), sines(side, width // 2)
    rows, columns = half[0].repeat_interleave(side, 0), half[1].repeat(side, 1)
    return torch.cat([rows, columns], 1)


def _pixels(encoder: Any, batch: Batch) -> torch.Tensor:
    """Return scaled pixels of patches in the order of the projection's weights, ``[patches, 3 * side * side]``."""
    if "patches" in batch:
        real = batch["patches"][batch["mask"]]
        strips: torch.Tensor = encoder.scale(real[:MOST_PATCHES].permute(0, 3, 1, 2))
        return strips.flatten(1)
    side = encoder.embeddings.patch_embeddings.projection.kernel_size[0]
    pictures: torch.Tensor = encoder.scale(batch["pixel_values"])
    parts = pictures.unfold(2, side, side).unfold(3, side, side).permute(0, 2, 3, 1, 4, 5)
    return parts.reshape(-1, 3 * side * side)[:MOST_PATCHES]
