"""L2-SP: parameters are held to where they started from, instead of to zero (Li, Grandvalet & Davoine 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.plan import Part

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Step

__all__ = ["FRESH", "L2SP"]

FRESH = frozenset({Part.HEAD, Part.BRIDGE})
"""Parts without a pretrained value."""


class L2SP(nn.Module):
    """``strength / 2 * ||w - w0||^2 + fresh / 2 * ||w_fresh||^2``, equation 5 of the paper.

    `w0` is the value before the run trained anything, in whatever phase; fresh parts have none, and are held to zero.

    Args:
        context: Of the phase.
        strength: Alpha of the paper.
        fresh: Beta of the paper.
    """

    def __init__(self, context: LossContext, strength: float, fresh: float = 0.0) -> None:
        super().__init__()
        self.strength, self.fresh = strength, fresh

    def forward(self, step: Step) -> torch.Tensor:
        """Return the penalty, a single number."""
        parts = [
            0.5 * self.fresh * known.now.square().sum()
            if known.part in FRESH
            else 0.5 * self.strength * (known.now - known.run_start).square().sum()
            for known in step.parameters.values()
        ]
        return torch.stack(parts).sum()
