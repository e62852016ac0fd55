"""Steps of a source and a target, made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.contracts import LossContext, Step, StreamBatch, StreamFacts
from modaxfer.plan import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["context", "step"]


def context(*roles: Role, width: int = 4) -> LossContext:
    """Return what a loss over streams of these roles is built from; by default one of each."""
    facts = {
        str(role): StreamFacts(role=role, width=width, outputs=2, criterion=None, rows=9) for role in roles or Role
    }
    return LossContext(streams=facts, seed=0, start=nn.Identity)


def step(made: Mapping[Role, torch.Tensor], progress: float = 0.0, read: str = "pooled", views: int = 1) -> Step:
    """Return a step whose streams have these vectors by role."""
    streams = {
        str(role): StreamBatch(
            name=str(role), role=role, rows=torch.arange(len(own) // views), views=views, made={read: own}
        )
        for role, own in made.items()
    }
    return Step(streams=streams, progress=progress)
