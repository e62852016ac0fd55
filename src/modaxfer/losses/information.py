"""Information maximisation: each row is drawn to a class, all rows together to all classes."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step

__all__ = ["InformationMaximisation", "information_loss"]


class InformationMaximisation(nn.Module):
    """What SHOT draws unlabelled rows by (Liang et al. 2020, equation 4); a joint loss that needs no label.

    Args:
        context: Of any streams.
        diversity: Weight of the second term; 0 draws rows to classes alone, and all of them to one in the end.
    """

    def __init__(self, context: LossContext, diversity: float = 1.0) -> None:
        super().__init__()
        self.diversity = diversity

    def forward(self, step: Step) -> torch.Tensor:
        """Return the loss of all rows of the step, ``[]``."""
        return information_loss(torch.cat([stream.outputs for stream in step.streams.values()]), self.diversity)


def information_loss(logits: torch.Tensor, diversity: float = 1.0) -> torch.Tensor:
    """Return ``mean of H(p) - diversity * H(mean of p)`` in nats, ``[]``; at best -log(classes).

    Args:
        logits: ``[rows, classes]``.
        diversity: Weight of the second term.
    """
    with torch.autocast(logits.device.type, enabled=False):
        shares = logits.float().softmax(1)
        return _entropy(shares).mean() - diversity * _entropy(shares.mean(0))


def _entropy(shares: torch.Tensor) -> torch.Tensor:
    # The gradient of p log p is infinite where p is 0.
    return -(shares * shares.clamp(min=1e-7).log()).sum(-1)
