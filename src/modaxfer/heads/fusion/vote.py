"""What several encoders say on average."""

from __future__ import annotations

import torch
from torch.nn import functional

__all__ = ["vote"]


def vote(scores: torch.Tensor, present: torch.Tensor, link: str) -> torch.Tensor:
    """Return what the encoders that are there say on average.

    Probabilities are averaged (the sum rule, Kittler et al. 1998), or values.

    Args:
        scores: ``[rows, encoders, outputs]``, see `scores_of`.
        present: bool ``[rows, encoders]``; one at least is True.
        link: What the outputs mean.

    Returns:
        Logits or values ``[rows, outputs]``.
    """
    there = present.unsqueeze(2)
    if link == "identity":
        return scores.masked_fill(~there, 0.0).sum(1) / there.sum(1)
    if link == "sigmoid":
        yes, no = (_log_mean(functional.logsigmoid(sign * scores), there) for sign in (1, -1))
        return yes - no
    return _log_mean(scores, there)


def _log_mean(logarithms: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the mean over axis 1 of what is there."""
    return logarithms.masked_fill(~there, -torch.inf).logsumexp(1) - there.sum(1).log()
