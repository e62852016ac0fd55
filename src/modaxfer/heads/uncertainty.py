"""Learned weights of several tasks' losses (Kendall et al. 2018)."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["UncertaintyWeights", "weighed"]


class UncertaintyWeights(nn.Module):
    """Weigh each task's loss by how noisy the task is: ``exp(-s) * loss + s`` with a learned ``s = log variance``.

    For a given loss L the minimum is at ``s = log L``, where the task weighs ``1 / L``: each task's relative
    improvement counts alike. This is Kendall's rule for a squared error (twice it: ``L / (2 var) + log sd``); for a
    cross-entropy (``L / var + log sd``) he lets the weight be ``1 / (2 L)``, a constant factor that would tell tasks
    of different problem types apart for no reason but their likelihood's name, so one rule serves all.

    `s` is held within -`BOUND` ... `BOUND` by ``BOUND * tanh(raw / BOUND)``: a task that is learned by heart cannot
    drown the others, and unlike at a hard clamp there is always a way back.

    Args:
        tasks: Number of tasks; all start with ``s = 0``, weight 1.
    """

    BOUND = 5.0
    """Largest log variance either way: weights lie between 0.0067 and 148."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.zeros(tasks))

    @property
    def log_variances(self) -> torch.Tensor:
        """``s`` of each task, ``[tasks]``."""
        return self.BOUND * (self.raw / self.BOUND).tanh()

    def forward(self, losses: torch.Tensor, tasks: int | torch.Tensor) -> torch.Tensor:
        """Return the weighted losses, to be summed or averaged as the bare ones would be.

        Args:
            losses: Any shape, for example one per row.
            tasks: Task number of all of them, or int64 of their shape.
        """
        return weighed(losses, self.log_variances[tasks])


def weighed(losses: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """Return ``exp(-s) * loss + s`` for losses of any shape and ``s`` of the same shape, or one for all."""
    return torch.exp(-log_variance) * losses + log_variance
