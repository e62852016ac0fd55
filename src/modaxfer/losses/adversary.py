"""What domain-adversarial training is made of (Ganin et al. 2016): a reversed gradient, and whom it deceives."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

__all__ = ["Discriminator", "reversed_gradient"]


def reversed_gradient(values: torch.Tensor, strength: float) -> torch.Tensor:
    """Return `values` as they are; the gradient that comes back is multiplied by ``-strength``.

    Source: Ganin et al. 2016, section 4.2, equations 11 and 12.
    """
    return cast("torch.Tensor", _Reversed.apply(values, strength))  # type: ignore[no-untyped-call]


class Discriminator(nn.Module):
    """Tells from features which domain a row is of.

    Args:
        width: Of the features.
        hidden: Units of each of its two hidden layers.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        layers = [nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Map `features` ``[rows, width]`` to float32 logits ``[rows]``, positive for the target."""
        with torch.autocast(features.device.type, enabled=False):
            return cast("torch.Tensor", self.layers(features.float()).squeeze(1))


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, strength: float) -> torch.Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.strength * gradient, None
