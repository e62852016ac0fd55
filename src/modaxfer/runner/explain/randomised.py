"""Whether attributions say something of the model: its weights made random, they must change (Adebayo et al. 2018)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

__all__ = ["DRAWS", "at_stake", "over_draws", "randomised"]

T = TypeVar("T")

DRAWS = 3
"""How often weights are made random: one draw may agree by chance."""

IDLE = 1e-6
"""Share of the largest attribution at which a unit counts as one that plays no part, but for rounding."""


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """Return a copy of `model` with the numbers of each tensor in another order, embeddings and head included.

    So each tensor keeps its mean and spread, and loses what it has learned. What a head holds besides weights, such as
    the rows of a nearest-neighbour one, is shuffled, too.
    """
    made = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    head = getattr(made, "head", None)
    kept = [] if head is None else [each for each in head.buffers() if each.is_floating_point()]
    with torch.no_grad():
        for tensor in (*made.parameters(), *kept):
            order = torch.randperm(tensor.numel(), generator=generator).to(tensor.device)
            tensor.copy_(tensor.detach().reshape(-1)[order].reshape(tensor.shape))
    return made


def over_draws(explain: Callable[[int], T | None]) -> list[T]:
    """Return what `explain` finds with each draw, without those in which it finds nothing."""
    found = [explain(draw) for draw in range(DRAWS)]
    return [each for each in found if each is not None]


def at_stake(own: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return bool ``[units]``: which have a part in either of two attributions ``[units]``, none below zero.

    Those that have none with whatever weights, such as the picture where the head does not read its encoder, would let
    two attributions look alike that are not.
    """
    return (own > IDLE * own.max()) | (other > IDLE * other.max())
