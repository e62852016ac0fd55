"""Pseudo-labels by consistency: distribution alignment, a relative threshold, a strong view that follows a weak one."""

from __future__ import annotations

import torch
from torch.nn import functional

__all__ = ["aligned", "followed", "moving_mean", "relative_threshold", "settled"]

LEAST = 1e-6
"""Least expected share of a class that others are divided by."""


def aligned(shares: torch.Tensor, wanted: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
    """Return `shares` moved so that classes come as often as is `wanted`: ``normalise(p * wanted / found)``.

    Source: Berthelot et al. 2022 (AdaMatch), section 3.2; distribution alignment of Berthelot et al. 2020.

    Args:
        shares: Predicted probabilities ``[rows, classes]``.
        wanted: Expected probabilities on labelled rows ``[classes]``.
        found: Expected probabilities on unlabelled rows ``[classes]``.
    """
    moved = shares * (wanted / found.clamp(min=LEAST))
    return moved / moved.sum(1, keepdim=True).clamp(min=LEAST)


def relative_threshold(shares: torch.Tensor, share: float) -> torch.Tensor:
    """Return ``share`` times the mean confidence on labelled rows, whose probabilities are ``[rows, classes]``.

    Source: Berthelot et al. 2022, equation 5: a model that is not sure of labelled rows is not asked to be of others.
    """
    return share * shares.max(1).values.mean()


def followed(weak: torch.Tensor, strong: torch.Tensor, threshold: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each row's cross-entropy of the strong view against the likeliest class of the weak one, where it is sure.

    Source: Berthelot et al. 2022, equations 6 and 7.

    Args:
        weak: Probabilities of the weak view ``[rows, classes]``; no gradient goes through them.
        strong: Logits of the strong view ``[rows, classes]``.
        threshold: Confidence from which a row counts.

    Returns:
        Losses ``[rows]``, 0 below the threshold, and whether each row is above, ``[rows]``.
    """
    sure, label = weak.detach().max(1)
    above = (sure >= threshold).to(strong.dtype)
    return above * functional.cross_entropy(strong, label, reduction="none"), above


def moving_mean(before: torch.Tensor, now: torch.Tensor, momentum: float, *, first: bool) -> torch.Tensor:
    """Return the exponential moving mean ``momentum * before + (1 - momentum) * now``; the `first` is `now` itself."""
    return now if first else momentum * before + (1 - momentum) * now


def settled(momentum: float, steps: int) -> float:
    """Return the momentum after `steps` values: ``min(momentum, (1 + steps) / (10 + steps))``.

    A mean with momentum .999 is, after 250 steps, for three quarters what the very first step said, when nothing was
    learned yet; so short runs follow the last tenth or so of their steps instead, and long ones `momentum`.
    """
    return min(momentum, (1 + steps) / (10 + steps))
