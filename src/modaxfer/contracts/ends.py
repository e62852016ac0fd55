"""Ends in weight space: what they are given of training, and where they end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from modaxfer.plan import Part

__all__ = ["Chosen", "Ends", "Kept", "Weights"]

Weights = Mapping[str, "torch.Tensor"]
"""Tensors of parameters that training moves, by name, on the CPU; of a plan's end those of its last phase."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The weights at the end of an epoch."""

    epoch: int
    score: float
    """The validator's, greater is better; with the default one the primary metric on validation."""
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The points in weight space that training has passed, and a judge of further ones."""

    start: Weights
    """Before the last phase."""
    now: Weights
    kept: Sequence[Kept]
    """The best epochs of the last phase, best first; `now` is the first of them."""
    parts: Mapping[str, Part]
    """Which part of the model each parameter belongs to."""
    judge: Callable[[Weights], float]
    """Score of weights by the last phase's validator, as `Kept.score` is; minus infinity where it is undefined. The
    test split plays no part in it."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Where a plan ends."""

    weights: Weights
    report: Mapping[str, Any] = field(default_factory=dict)
    """What was tried and chosen, as plain JSON types."""
