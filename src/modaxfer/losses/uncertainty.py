"""Learned weights of several losses (Kendall et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import nn

from modaxfer.losses.sum import total

__all__ = ["Uncertainty", "weighed"]


class Uncertainty(nn.Module):
    """Weigh each loss by how noisy its task is: ``exp(-s) * loss + s`` with a learned ``s = log variance``.

    For a given loss L the minimum is at ``s = log L``, where it weighs ``1 / L``: each task's relative improvement
    counts alike. This is Kendall's rule for a squared error (twice it: ``L / (2 var) + log sd``); for a cross-entropy
    (``L / var + log sd``) he lets the weight be ``1 / (2 L)``, a constant factor that would tell tasks of different
    problem types apart for no reason but their likelihood's name, so one rule serves all.

    `s` is held within -`BOUND` ... `BOUND` by ``BOUND * tanh(raw / BOUND)``: a task that is learned by heart cannot
    drown the others, and unlike at a hard clamp there is always a way back.

    Args:
        names: Of the losses; all start with ``s = 0``, weight 1.
    """

    BOUND = 5.0
    """Largest log variance either way: weights lie between 0.0067 and 148."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.names = tuple(names)
        self.raw = nn.Parameter(torch.zeros(len(self.names)))

    @property
    def log_variances(self) -> torch.Tensor:
        """``s`` of each loss, ``[losses]``."""
        return self.BOUND * (self.raw / self.BOUND).tanh()

    def forward(self, losses: Mapping[str, torch.Tensor], shares: Mapping[str, float]) -> Mapping[str, torch.Tensor]:
        """Return ``exp(-s) * loss + share * s`` for each loss, so that `s` counts once per step."""
        log_variances = self.log_variances
        return {name: _part(loss, log_variances[self.names.index(name)], shares[name]) for name, loss in losses.items()}

    def backward(self, losses: Mapping[str, torch.Tensor], backward: Callable[[torch.Tensor], None]) -> None:
        """Call `backward` on their sum."""
        backward(total(losses))


def weighed(losses: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return ``exp(-s) * loss + s`` for losses of any shape and ``s`` of the same shape, or one for all."""
    return torch.exp(-log_variance) * losses + log_variance


def _part(loss: torch.Tensor, log_variance: torch.Tensor, share: float) -> torch.Tensor:
    # The share of a process without rows is zero, and so is its loss.
    return share * weighed(loss / share if share else loss, log_variance)
