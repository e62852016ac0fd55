"""Losses that count alike, or by the weights of their terms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

__all__ = ["Sum", "total"]


def total(losses: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the sum of `losses`, at least one, in their order."""
    first, *others = losses.values()
    return sum(others, first)


class Sum(nn.Module):
    """Add up all losses; the weights of their terms are on them already.

    Args:
        names: Of the losses.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)

    def forward(self, losses: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> Mapping[str, torch.Tensor]:
        """Return the losses as they are."""
        return losses

    def backward(self, losses: Mapping[str, torch.Tensor], backward: Callable[[torch.Tensor], None]) -> None:
        """Call `backward` on their sum."""
        backward(total(losses))
