"""The best epoch by soft neighbourhood density: predictions that lie in dense clusters."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.information import entropy
from modaxfer.validators.streams import shares_of, streams_of

__all__ = ["NeighbourhoodDensity", "neighbourhood_density"]

BLOCK = 1024
"""Rows whose similarities to all others are held at once."""


class NeighbourhoodDensity:
    """The mean entropy of each target row's similarities to the others (SND, Saito et al. 2021, equations 1 and 2).

    Dense neighbourhoods have many similar rows, so a high entropy. Predictions that have all collapsed into one are the
    densest there can be: it does not see that, other validators do.

    Args:
        context: Of at least one stream of the target.
        temperature: What cosine similarities are divided by; 0.05 in the paper.
    """

    needs_labels = False

    def __init__(self, context: ValidatorContext, temperature: float = 0.05) -> None:
        self._names, self._temperature = streams_of(context, Role.TARGET, "snd"), temperature

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return it, in nats: log(rows - 1) where all predictions are equal."""
        return neighbourhood_density(shares_of(seen, self._names), self._temperature)


def neighbourhood_density(shares: torch.Tensor, temperature: float) -> float:
    """Return the mean entropy of the softmax over similarities of `shares` ``[rows, classes]``; -inf of one row."""
    rows = len(shares)
    if rows < 2:
        return -torch.inf
    unit = torch.nn.functional.normalize(shares, dim=1)
    total = 0.0
    for start in range(0, rows, BLOCK):
        similar = unit[start : start + BLOCK] @ unit.T / temperature
        # A row is no neighbour of itself.
        own = torch.arange(len(similar))
        similar[own, own + start] = -torch.inf
        total += float(entropy(similar.softmax(1)).sum())
    return total / rows
