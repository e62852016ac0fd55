"""Learning rates of a plan that the encoders of a run and its user's settings decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from modaxfer.plan import Part, Phase, Plan, PlanContext
from modaxfer.spec import Rates

__all__ = ["USUAL", "careful", "main_rate_of", "usual_rate", "with_bridge_rate"]

USUAL = 10
"""Rates that are worth trying lie between the default divided by this and the default times this."""


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


def usual_rate(plan: Plan, context: PlanContext, write: Callable[[PlanContext], Plan]) -> float | None:
    """Return the main learning rate that a strategy has by itself; None where the user gives none.

    Args:
        plan: As written for `context`.
        context: What the strategy is told, the user's learning rate with it.
        write: Lets the strategy write its plan for another context.
    """
    if context.learning_rate is None:
        return None
    return main_rate_of(write(replace(context, learning_rate=None)).phases, plan.phases, context.learning_rate)


def main_rate_of(own: Sequence[Phase], asked: Sequence[Phase], rate: float) -> float | None:
    """Return the main learning rate behind the phases `own`: all rates of a plan are in proportion to that.

    Args:
        own: Phases of a plan.
        asked: Phases of the same plan, written for the main learning rate `rate`.
        rate: As said.
    """
    for mine, other in zip(reversed(_stepped(own)), reversed(_stepped(asked)), strict=True):
        for part, found in mine.learning_rates.items():
            if other.learning_rates.get(part):
                return float(f"{rate * found / other.learning_rates[part]:.6g}")
    return None


def _stepped(phases: Sequence[Phase]) -> list[Phase]:
    return [phase for phase in phases if phase.solver is None and phase.epochs]
