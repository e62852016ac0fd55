"""Gradients of single rows cut to a norm and added up, and the noise that hides each of them (Abadi et al. 2016)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import torch

__all__ = ["clipped_sum", "noise", "seed_of"]


def clipped_sum(gradients: Mapping[str, torch.Tensor], norm: float) -> dict[str, torch.Tensor]:
    """Return the sum over rows of gradients none of which is longer than `norm`, float32.

    Args:
        gradients: Of each parameter by name, ``[rows, *shape]``; a row's norm is over all of them together.
        norm: Gradients of rows that are longer are cut to it, their direction kept.
    """
    flat = [gradient.float().flatten(1) for gradient in gradients.values()]
    lengths = torch.stack([one.square().sum(1) for one in flat]).sum(0).sqrt()
    factors = norm / lengths.clamp(min=norm)
    return {
        name: (factors @ one).reshape(gradient.shape[1:])
        for (name, gradient), one in zip(gradients.items(), flat, strict=True)
    }


def noise(shapes: Sequence[torch.Size], deviation: float, seed: int, device: torch.device) -> list[torch.Tensor]:
    """Return independent Gaussian noise of standard deviation `deviation`, a tensor per shape; `seed` decides it."""
    generator = torch.Generator(device).manual_seed(seed)
    return [deviation * torch.randn(shape, generator=generator, device=device) for shape in shapes]


def seed_of(secret: bytes, *what: object) -> int:
    """Return a number of 63 bits that nobody can tell without the `secret`, another for each `what`."""
    digest = hashlib.sha256(secret + "|".join(map(str, what)).encode()).digest()
    return int.from_bytes(digest[:8]) >> 1
