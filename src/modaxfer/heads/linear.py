"""The head that gradient strategies train, and that every linear classical head is folded into."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from modaxfer.contracts import Features

__all__ = ["LinearHead"]


class LinearHead(nn.Module):
    """Dropout, then one affine map.

    Weights start small (normal, deviation 0.02; biases at zero), so that the first steps hardly disturb the body.

    Args:
        width: Size of the pooled vector.
        outputs: Logits or values per row.
        dropout: Share of inputs dropped in training, 0 to below 1.
    """

    def __init__(self, width: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(width, outputs)
        nn.init.normal_(self.linear.weight, std=0.02)
        nn.init.zeros_(self.linear.bias)

    @classmethod
    def from_weights(cls, weight: torch.Tensor, bias: torch.Tensor) -> LinearHead:
        """Return a head with `weight` ``[outputs, width]`` and `bias` ``[outputs]``."""
        with torch.random.fork_rng(devices=[]):
            head = cls(weight.shape[1], weight.shape[0])
        head.load_state_dict({"linear.weight": weight, "linear.bias": bias})
        return head

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors ``[batch, width]`` to float32 ``[batch, outputs]``, outside any autocast.

        A head is small and decides the loss: rounding it to half precision saves nothing and costs accuracy.
        """
        pooled = features.pooled
        with torch.autocast(pooled.device.type, enabled=False):
            return cast("torch.Tensor", self.linear(self.dropout(pooled.float())))

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        linear = self.linear
        return {
            "width": linear.in_features,
            "outputs": linear.out_features,
            "dropout": self.dropout.p,
        }
