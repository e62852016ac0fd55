"""Whether an encoder still tells rows apart: pretraining may end in one vector for all."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["ALIKE", "alarm", "disused", "spread"]

ALIKE = 0.1
"""Spread below which an encoder is said to have collapsed; random directions have 1."""

FEW_DIRECTIONS = 2.0
"""Directions below which all rows lie on a line, whatever their spread."""


def spread(vectors: torch.Tensor) -> dict[str, float]:
    """Measure how different vectors are.

    Args:
        vectors: ``[rows, width]``, two rows at least.

    Returns:
        ``spread``: the mean deviation of the unit vectors' coordinates times the root of the width (Chen & He 2021): 1
        for random directions, 0 where all are one. ``directions``: the exponential of the entropy of the spectrum of
        the centred vectors (effective rank, Roy & Vetterli 2007).
    """
    unit = nn.functional.normalize(vectors.float(), dim=1)
    deviation = float(unit.std(0).mean()) * vectors.shape[1] ** 0.5
    spectrum = torch.linalg.svdvals(unit - unit.mean(0))
    shares = spectrum / spectrum.sum().clamp(min=1e-12)
    directions = float((-(shares * shares.clamp(min=1e-12).log()).sum()).exp())
    return {"spread": deviation, "directions": directions}


def alarm(measured: dict[str, float], before: dict[str, float]) -> str:
    """Say that the encoder has collapsed, or return an empty text.

    Args:
        measured: What `spread` says now.
        before: What it said before the first step: an encoder may begin with vectors that are much alike.
    """
    alike = measured["spread"] < min(ALIKE, before["spread"] / 2)
    if not alike and measured["directions"] >= min(FEW_DIRECTIONS, before["directions"] / 2):
        return ""
    return (
        f"the encoder makes nearly the same of all rows (spread {measured['spread']:.2g}, before training "
        f"{before['spread']:.2g}; {measured['directions']:.1f} directions): a smaller --learning-rate or another "
        "objective may help"
    )


def disused(name: str, value: float, least: float) -> str:
    """Say that an objective makes no use of what it has: a number that should be large is below `least`."""
    return (
        f"{name} has collapsed to {value:.2g} (below {least:.2g}): a smaller --learning-rate, larger batches or "
        "another objective may help"
    )
