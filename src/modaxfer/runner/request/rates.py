"""Learning rates of a plan that the encoders of a run and its user's settings decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modaxfer.plan import Part, Phase
from modaxfer.spec import Rates

__all__ = ["careful", "with_bridge_rate"]


def with_bridge_rate(phase: Phase, factor: float) -> Phase:
    """Return `phase` with the learning rate of a trained bridge times `factor`."""
    rates = phase.learning_rates
    if Part.BRIDGE not in rates or factor == 1:
        return phase
    return replace(phase, learning_rates={**rates, Part.BRIDGE: factor * rates[Part.BRIDGE]})


def careful(rates: Sequence[Rates]) -> Rates:
    """Return the lowest of each rate: what is safe for all encoders."""
    return Rates(
        full=min(rate.full for rate in rates),
        adapter=min(rate.adapter for rate in rates),
        head_multiplier=min(rate.head_multiplier for rate in rates),
        layer_decay=min(rate.layer_decay for rate in rates),
    )
