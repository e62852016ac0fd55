"""Cross-attention between encoders: what each one saw is read in the light of what the others saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from modaxfer.contracts import Features
from modaxfer.heads.fusion.joins import Level
from modaxfer.heads.linear import LinearHead

__all__ = ["CoAttention", "CrossJoin"]


class CoAttention(nn.Module):
    """Pre-norm transformer block in which no token sees its own encoder (co-attention, Lu et al. 2019).

    All directions share one set of weights; tokens tell their encoder by its embedding. A zero key and value stand
    beside the others, so that a token whose others are all missing takes nothing in.

    Args:
        width: Size of a token.
        heads: Attention heads; a divisor of `width`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, add_zero_attn=True, batch_first=True)
        self.dense = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: torch.Tensor, own: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """Return new states of `tokens`.

        Args:
            tokens: ``[batch, tokens, width]``.
            own: bool ``[tokens, tokens]``, True where both are of one encoder.
            missing: bool ``[batch, tokens]``, True where the token's encoder is missing.
        """
        states = self.before(tokens)
        taken, _ = self.attention(states, states, states, key_padding_mask=missing, attn_mask=own, need_weights=False)
        tokens = tokens + taken
        return cast("torch.Tensor", tokens + self.dense(tokens))


class CrossJoin(nn.Module):
    """Segments of each encoder attend to those of the others; their mean goes to a linear head.

    Args:
        widths: Features of each encoder, ``segments * hidden``.
        outputs: Logits or values per row.
        dropout: Share of inputs of the last layer dropped in training.
        width: Size that segments are projected to; a multiple of `HEADS`.
        segments: Segments per encoder, in the order of its tokens.
        blocks: Attention blocks.
    """

    HEADS = 4
    """Attention heads."""
    own: torch.Tensor

    def __init__(
        self, widths: Sequence[int], outputs: int, dropout: float, *, width: int, segments: int, blocks: int
    ) -> None:
        super().__init__()
        self.segments = segments
        hidden = [size // segments for size in widths]
        self.level = Level(hidden)
        self.projections = nn.ModuleList(nn.Linear(size, width) for size in hidden)
        self.encoder = nn.Parameter(0.02 * torch.randn(len(widths), 1, width))
        self.place = nn.Parameter(0.02 * torch.randn(segments, width))
        self.blocks = nn.ModuleList(CoAttention(width, self.HEADS) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.head = LinearHead(width, outputs, dropout)
        number = torch.arange(len(widths)).repeat_interleave(segments)
        self.register_buffer("own", number.unsqueeze(0) == number.unsqueeze(1), persistent=False)

    def forward(self, parts: Sequence[torch.Tensor], present: torch.Tensor) -> torch.Tensor:
        """Return logits ``[batch, outputs]``."""
        level = self.level([torch.unflatten(part, 1, (self.segments, -1)) for part in parts], present)
        content = torch.stack([project(part) for project, part in zip(self.projections, level, strict=True)], dim=1)
        tokens = (content + self.encoder + self.place).flatten(1, 2)
        there = present.repeat_interleave(self.segments, dim=1)
        for block in self.blocks:
            tokens = block(tokens, self.own, ~there)
        seen = there.unsqueeze(2)
        return cast("torch.Tensor", self.head(Features(pooled=(self.norm(tokens) * seen).sum(1) / seen.sum(1))))
