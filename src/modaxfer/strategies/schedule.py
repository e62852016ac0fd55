"""How long and how fast to train where the user does not say; patience stands in `modaxfer.runner.training.rhythm`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.errors import ConfigError

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = [
    "ADAPTER_LENGTH",
    "ATTENTION_HEAD_RATE",
    "CACHED_HEAD_RATE",
    "FULL_LENGTH",
    "HEAD_LENGTH",
    "Length",
    "head_rate",
    "main_rate",
]


@dataclass(frozen=True, kw_only=True)
class Length:
    """Epochs that come near a number of optimiser steps: many for small data, few for large."""

    steps: int
    shortest: float
    """Epochs at least."""
    longest: float
    """Epochs at most, but for `fewest`."""
    fewest: int = 0
    """Steps at least: of few rows an epoch is a step or two, and `longest` of them move nothing far."""

    def epochs(self, context: PlanContext) -> float:
        """Return the user's setting, or ``steps * batch_size / rows`` within bounds, in half epochs.

        Where so many have less than ``fewest`` steps, it is whole epochs that have as many.

        Raises:
            ConfigError: The setting is not above 0.
        """
        if context.epochs is not None:
            return _above_zero("epochs", context.epochs)
        wanted = self.steps * context.batch_size / max(context.rows, 1)
        chosen = min(max(round(2 * wanted) / 2, self.shortest), self.longest)
        return max(chosen, -(-self.fewest // -(-max(context.rows, 1) // context.batch_size)))


FULL_LENGTH = Length(steps=400, shortest=3, longest=10, fewest=60)
"""Fine-tuning of the whole body: on small data it is too few steps that fail (Mosbach et al. 2021)."""

ADAPTER_LENGTH = Length(steps=600, shortest=5, longest=15)
"""Adapters and a head on a frozen body: fewer parameters, more steps."""

HEAD_LENGTH = Length(steps=1500, shortest=10, longest=40)
"""A head alone on features that are computed once: a step costs next to nothing, and patience ends it early."""

CACHED_HEAD_RATE = 3e-3
"""Peak rate of a dense head alone on features of several encoders; no encoder moves, so no encoder's rates apply. Layer
norm leaves the features of one encoder at uneven scales: at 1e-3 the fainter ones are learned too late to be of use
where the others are missing."""

ATTENTION_HEAD_RATE = 1e-3
"""The same for a head with attention blocks, which bear less."""


def main_rate(context: PlanContext, default: float) -> float:
    """Return the user's learning rate for the main part, or `default`.

    Raises:
        ConfigError: The setting is not above 0.
    """
    return default if context.learning_rate is None else _above_zero("learning_rate", context.learning_rate)


def head_rate(context: PlanContext, rate: float, default: float) -> float:
    """Return the rate of freshly initialised parts when the main part learns at `rate` instead of `default`.

    Fresh parts are the head and a bridge that is trained. They learn ``head_multiplier`` times faster than a body
    would; a setting of the main part moves both alike.
    """
    return context.rates.full * context.rates.head_multiplier * rate / default


def _above_zero(name: str, value: float) -> float:
    if value > 0:
        return value
    raise ConfigError(f"{name} must be above 0, or nothing is trained", got=value, fix=f"leave {name} out")
