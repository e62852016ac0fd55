"""A head behind a reduction that cannot be folded into it."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from modaxfer.contracts import Features

__all__ = ["CodeReducer", "ReducedHead"]


class CodeReducer(nn.Module):
    """Encoder half of an autoencoder: standardise, one hidden layer, a short code.

    Args:
        width: Size of the pooled vector.
        hidden: Units of the hidden layer.
        components: Length of the code.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, width: int, hidden: int, components: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.code = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, components))

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors ``[batch, width]`` to codes ``[batch, components]``."""
        return cast("torch.Tensor", self.code((features.pooled.float() - self.mean) / self.scale))

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        first, last = cast("nn.Linear", self.code[0]), cast("nn.Linear", self.code[-1])
        return {
            "width": first.in_features,
            "hidden": first.out_features,
            "components": last.out_features,
        }


class ReducedHead(nn.Module):
    """`reducer`, then `head`, both registered heads."""

    def __init__(self, reducer: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.reducer, self.head = reducer, head

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors ``[batch, width]`` to float32 ``[batch, outputs]``."""
        with torch.autocast(features.pooled.device.type, enabled=False):
            return cast("torch.Tensor", self.head(Features(pooled=self.reducer(features))))

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        return {"reducer": self.reducer, "head": self.head}
