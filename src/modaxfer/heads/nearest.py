"""A head that keeps the training rows and lets the nearest ones vote."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from modaxfer.contracts import Features

__all__ = ["KNearestHead"]

SMALLEST = 1e-4
"""Probabilities are kept this far from 0 and 1, so that their logarithms are finite."""

HELD = 1 << 24
"""Similarities, or targets of neighbours, that are held at once: 64 MB of either."""

TIED = 1e-5
"""Rows whose cosine similarity is this close to the last neighbour's vote too: rounding must not say who does."""


class KNearestHead(nn.Module):
    """Weighted k nearest neighbours by cosine similarity (Wu et al. 2018, section 3.4).

    Inputs are standardised and scaled to unit length; each of the `neighbours` most similar training rows votes with
    ``exp(similarity / temperature)`` times its class weight. Rows as similar as the last of them vote too, up to as
    many again: equal rows have an equal say, in whatever order they are kept.

    Args:
        width: Size of the pooled vector.
        rows: Training rows kept.
        outputs: Logits or values per row.
        neighbours: How many vote.
        votes: What the votes are: ``softmax`` (one-hot classes, output log-probabilities), ``sigmoid`` (0/1 labels,
            output log-odds) or ``value`` (numbers, output their mean).
        temperature: Smaller values let the nearest decide.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    bank: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor

    def __init__(
        self, width: int, rows: int, outputs: int, *, neighbours: int, votes: str, temperature: float = 0.07
    ) -> None:
        super().__init__()
        self.neighbours, self.votes, self.temperature = neighbours, votes, temperature
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("bank", torch.zeros(rows, width))
        self.register_buffer("targets", torch.zeros(rows, outputs))
        self.register_buffer("weights", torch.ones(rows))

    @classmethod
    def from_rows(
        cls,
        rows: torch.Tensor,
        targets: torch.Tensor,
        weights: torch.Tensor,
        *,
        mean: torch.Tensor,
        scale: torch.Tensor,
        neighbours: int,
        votes: str,
    ) -> KNearestHead:
        """Return a head that remembers `rows` ``[rows, width]`` with `targets` ``[rows, outputs]``.

        Args:
            rows: Raw features; they are standardised here.
            targets: One-hot classes, 0/1 labels or standardised values.
            weights: Weight of each row's vote ``[rows]``.
            mean: Mean of each feature ``[width]``.
            scale: Deviation of each feature ``[width]``.
            neighbours: How many vote; at most all rows.
            votes: See the class.
        """
        count = len(rows)
        head = cls(rows.shape[1], count, targets.shape[1], neighbours=min(neighbours, count), votes=votes)
        bank = functional.normalize((rows - mean) / scale, dim=1)
        state = {"mean": mean, "scale": scale, "bank": bank, "targets": targets, "weights": weights}
        head.load_state_dict(state)
        return head

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors ``[batch, width]`` to float32 ``[batch, outputs]``."""
        pooled = features.pooled
        with torch.autocast(pooled.device.type, enabled=False):
            if torch.compiler.is_exporting():  # One graph for any number of rows.
                return self._said(pooled.float())
            return torch.cat([self._said(rows.float()) for rows in torch.split(pooled, self.rows_at_once)])

    @property
    def rows_at_once(self) -> int:
        """How many rows are compared and voted on together, so that memory does not grow with all of them."""
        return max(1, HELD // max(len(self.bank), 2 * self.neighbours * self.targets.shape[1]))

    def _said(self, pooled: torch.Tensor) -> torch.Tensor:
        return self.vote(*self.nearest(pooled, self.neighbours), self.neighbours)

    def nearest(self, pooled: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return similarity and position ``[batch, 2 count]`` of the most similar rows, most similar first.

        Twice as many as vote, for those that are as near as the last one; all rows where there are fewer.
        """
        unit = functional.normalize((pooled - self.mean) / self.scale, dim=1)
        found = (unit @ self.bank.T).topk(min(2 * count, len(self.bank)), dim=1)
        return found.values, found.indices

    def vote(self, similarity: torch.Tensor, position: torch.Tensor, count: int) -> torch.Tensor:
        """Turn what `nearest` found into log-probabilities, log-odds or values ``[batch, outputs]``.

        Args:
            similarity: ``[batch, found]``, largest first.
            position: Of these rows, ``[batch, found]``.
            count: How many vote, and whoever is as near as the last of them.
        """
        last = similarity[:, min(count, similarity.shape[1]) - 1, None]
        away = similarity < last - TIED
        power = (similarity / self.temperature).masked_fill(away, -torch.inf).softmax(1) * self.weights[position]
        power = power / power.sum(1, keepdim=True)
        share = torch.einsum("bn,bno->bo", power, self.targets[position])
        if self.votes == "value":
            return share
        share = share.clamp(SMALLEST, 1 - SMALLEST)
        return share.log() if self.votes == "softmax" else share.logit()

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an empty twin."""
        return {
            "width": self.bank.shape[1],
            "rows": self.bank.shape[0],
            "outputs": self.targets.shape[1],
            "neighbours": self.neighbours,
            "votes": self.votes,
            "temperature": self.temperature,
        }
