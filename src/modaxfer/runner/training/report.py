"""What a phase trained by gradient has to say of itself, for the result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["PhaseReport"]


@dataclass(frozen=True, kw_only=True)
class PhaseReport:
    """What a phase did."""

    name: str
    trainable: int
    """Parameters that moved."""
    steps: int
    epochs: float
    best_epoch: int
    best_score: float | None
    """Validation score of the best epoch, turned so that greater is better; None where it was never defined."""
    frozen_layers: int
    """Layers read from the cache instead of computed in each epoch."""
    seconds: float
    rows: int
    """Training rows seen, over all epochs."""
    flops: int | None
    """Floating-point operations of all steps, see `modaxfer.runner.training.model_flops`; None where not known."""
    terms: Mapping[str, float]
    """The smoothed value of each loss at the end, before weights, and of what it logs beside it."""
    validator: str
    """What chose the best epoch, with its options."""
    augment: tuple[str, ...] = ()
    """How they were changed in each epoch: ``NAME=STRENGTH``."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)
