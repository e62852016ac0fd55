"""Three ways from several encoders' features to one row of logits: side by side, gated, by vote.

Each takes ``(parts, present)``: one float32 ``[batch, width]`` per encoder, zero where it is missing, and bool
``[batch, encoders]``. There is no learned stand-in for a missing encoder that would lie idle while nothing is missing:
the layers behind see the presence numbers instead, and learn from every row what an encoder's presence adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from modaxfer.contracts import Features
from modaxfer.heads.fusion.vote import vote
from modaxfer.heads.linear import LinearHead

__all__ = ["ConcatJoin", "GatedJoin", "Level", "VoteJoin"]


class Level(nn.Module):
    """Bring the encoders to one level: layer norm (Ba et al. 2016) of each one's features, zero where it is missing."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in widths)

    def forward(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> list[torch.Tensor]:
        """Return each part ``[batch, ..., width]`` normed over its last axis."""
        return [
            norm(part).masked_fill(~present[:, at].view(-1, *[1] * (part.ndim - 1)), 0.0)
            for at, (norm, part) in enumerate(zip(self.norms, parts, strict=True))
        ]


class ConcatJoin(nn.Module):
    """Features side by side under a dense head: a layer of `hidden` units with GELU (none if 0), then a linear one."""

    def __init__(self, widths: Sequence[int], outputs: int, dropout: float, *, hidden: int) -> None:
        super().__init__()
        self.level = Level(widths)
        width = sum(widths) + len(widths)
        self.dense = nn.Sequential(nn.Linear(width, hidden), nn.GELU()) if hidden else nn.Sequential()
        self.head = LinearHead(hidden or width, outputs, dropout)

    def forward(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Return logits ``[batch, outputs]``."""
        beside = torch.cat([*self.level(parts, present), present.float()], dim=1)
        return cast("torch.Tensor", self.head(Features(pooled=self.dense(beside))))


class GatedJoin(nn.Module):
    """Gated multimodal unit (Arevalo et al. 2017) for any number of encoders.

    Each encoder i is projected, ``h_i = tanh(W_i x_i)``; gates see all features and share each of the `width` units
    out among the encoders that are there, ``z = softmax_i(V x)``; a linear head reads ``sum_i z_i * h_i``.
    """

    def __init__(self, widths: Sequence[int], outputs: int, dropout: float, *, width: int) -> None:
        super().__init__()
        self.level = Level(widths)
        self.projections = nn.ModuleList(nn.Linear(size, width) for size in widths)
        self.gate = nn.Linear(sum(widths) + len(widths), len(widths) * width)
        self.head = LinearHead(width, outputs, dropout)

    def forward(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Return logits ``[batch, outputs]``."""
        level = self.level(parts, present)
        units = [project(part).tanh() for project, part in zip(self.projections, level, strict=True)]
        mixed = (self.gates(level, present) * torch.stack(units, dim=1)).sum(1)
        return cast("torch.Tensor", self.head(Features(pooled=mixed)))

    def gates(self, level: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Return the shares ``[batch, encoders, width]``: 0 for a missing encoder, 1 in sum over the encoders."""
        scores = self.gate(torch.cat([*level, present.float()], dim=1)).unflatten(1, (present.shape[1], -1))
        return cast("torch.Tensor", scores.masked_fill(~present.unsqueeze(2), -torch.inf).softmax(1))


class VoteJoin(nn.Module):
    """Late vote: a linear head per encoder, and the mean of what the encoders that are there say.

    Probabilities are averaged (the sum rule, which bears a wrong voter better than the product rule, Kittler et al.
    1998), or values in a regression. What comes out are logits of the mean: its logarithm, whose softmax it is, or
    for labels on their own its log odds.
    """

    def __init__(self, widths: Sequence[int], outputs: int, dropout: float, *, link: str) -> None:
        super().__init__()
        self.link = link
        self.level = Level(widths)
        self.heads = nn.ModuleList(LinearHead(width, outputs, dropout) for width in widths)

    def forward(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Return logits ``[batch, outputs]``, or values."""
        level = self.level(parts, present)
        votes = torch.stack([head(Features(pooled=part)) for head, part in zip(self.heads, level, strict=True)], dim=1)
        return vote(votes.log_softmax(2) if self.link == "softmax" else votes, present, self.link)
