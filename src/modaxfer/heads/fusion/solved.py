"""The head of several frozen encoders that is solved for: a head of each, and what joins them where all are there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

from modaxfer.contracts import Features
from modaxfer.heads.fusion.vote import vote

__all__ = ["SolvedFusion", "scores_of"]

LEAST = -12.0
"""Smallest logarithm of a probability that a vote or a stacked head is given."""


class SolvedFusion(nn.Module):
    """Join what the heads of several encoders say, or their features, of rows that have all; others are voted on.

    Where a row lacks an encoder's fields, what the remaining heads say is averaged: with one left, that is its own
    head. ``part`` takes the first of `order` that is there.

    Args:
        widths: Features of each encoder.
        outputs: Logits or values per row.
        parts: A head of each encoder, for its raw features.
        way: One of `modaxfer.heads.search_options.WAYS`.
        link: What the outputs mean, see `modaxfer.spec.ProblemSpec.link`.
        order: Numbers of the encoders, the best first.
        joint: For ``stack`` a head on the scores of all, for ``concat`` one on their raw features; else None.
    """

    slopes: torch.Tensor

    def __init__(
        self,
        widths: Sequence[int],
        outputs: int,
        parts: Sequence[nn.Module],
        *,
        way: str,
        link: str,
        order: Sequence[int],
        joint: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.widths, self.outputs = tuple(widths), outputs
        self.way, self.link, self.order = way, link, tuple(order)
        self.parts, self.joint = nn.ModuleList(parts), joint
        self.register_buffer("slopes", torch.ones(len(self.widths)))

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors to float32 logits or values ``[batch, outputs]``, outside any autocast.

        Args:
            features: Its vectors are ``[batch, n + sum(widths)]``: for each of the n encoders 1 where its fields are
                there and 0 where they are missing, then what each says. Each row has at least one encoder.
        """
        pooled = features.pooled
        with torch.autocast(pooled.device.type, enabled=False):
            flags, *vectors = torch.split(pooled.float(), [len(self.widths), *self.widths], dim=1)
            present = flags > 0.5
            said = [
                slope * part(Features(pooled=vector))
                for slope, part, vector in zip(self.slopes, self.parts, vectors, strict=True)
            ]
            scores = scores_of(torch.stack(said, 1), self.link)
            if self.way == "part":
                return self._first(scores, present)
            voted = vote(scores, present, self.link)
            if self.joint is None:
                return voted
            known = scores.flatten(1) if self.way == "stack" else torch.cat(vectors, 1)
            joint = cast("torch.Tensor", self.joint(Features(pooled=known)))
            return torch.where(present.all(1, keepdim=True), joint, voted)

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        return {
            "widths": list(self.widths),
            "outputs": self.outputs,
            "parts": list(self.parts),
            "way": self.way,
            "link": self.link,
            "order": list(self.order),
            **({} if self.joint is None else {"joint": self.joint}),
        }

    def _first(self, scores: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
        order = torch.tensor(self.order, device=scores.device)
        first = order[present[:, order].int().argmax(1)]
        return scores[torch.arange(len(scores), device=scores.device), first]


def scores_of(outputs: torch.Tensor, link: str) -> torch.Tensor:
    """Return logarithms of probabilities, of what a softmax stands behind, or `outputs` ``[..., outputs]`` as it is."""
    return outputs.log_softmax(-1).clamp_min(LEAST) if link == "softmax" else outputs
