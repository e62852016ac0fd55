"""Augmentations of a batch: a row and its partner become one, and so do their targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import Mixed

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["cutmix", "mixup"]

Input = Mapping[str, torch.Tensor]
"""What an encoder takes of one row, padded as its partner is."""


def mixup(own: Input, partner: Input, strength: float, generator: Generator) -> Mixed:
    """Blend a row with its partner, a share of lambda with one of 1 - lambda (mixup, Zhang et al. 2018, equation 1).

    Lambda is drawn from Beta(`strength`, `strength`); at 0 the row stays as it is. Masks and lengths, which say how
    much of a tensor is real, become those of the longer one.
    """
    share = _share(strength, generator)
    return Mixed(inputs={key: _blended(value, partner[key], share) for key, value in own.items()}, share=share)


def cutmix(own: Input, partner: Input, strength: float, generator: Generator) -> Mixed:
    """Put a rectangle of the partner's picture into a row's picture (CutMix, Yun et al. 2019, equations 1 to 3).

    Lambda is drawn from Beta(`strength`, `strength`). The rectangle has sides of sqrt(1 - lambda) of the picture's, and
    its middle is drawn from all of it; the row's share is the area that is still its own.
    """
    share = _share(strength, generator)
    height, width = own["pixel_values"].shape[-2:]
    top, bottom = _span(height, share, generator)
    left, right = _span(width, share, generator)
    pixels = own["pixel_values"].clone()
    pixels[..., top:bottom, left:right] = partner["pixel_values"][..., top:bottom, left:right]
    area = (bottom - top) * (right - left) / (height * width)
    return Mixed(inputs={**own, "pixel_values": pixels}, share=1 - area)


def _share(strength: float, generator: Generator) -> float:
    return float(generator.beta(strength, strength)) if strength > 0 else 1.0


def _span(side: int, share: float, generator: Generator) -> tuple[int, int]:
    """Return where a stretch of ``sqrt(1 - share)`` of `side` begins and ends; what would lie outside is cut off."""
    middle, half = int(generator.integers(side)), round(side * (1 - share) ** 0.5) // 2
    return max(0, middle - half), min(side, middle + half)


def _blended(own: torch.Tensor, partner: torch.Tensor, share: float) -> torch.Tensor:
    if share == 1:
        return own
    if own.dtype == torch.uint8:
        return (share * own.float() + (1 - share) * partner.float()).round().to(torch.uint8)
    return torch.lerp(partner, own, share) if own.is_floating_point() else torch.maximum(own, partner)
