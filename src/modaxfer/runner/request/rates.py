"""Learning rates of a plan that the encoders of a run and its user's settings decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from modaxfer.errors import ModaxferError
from modaxfer.plan import Part, Phase, Plan, PlanContext
from modaxfer.runner.request.options import Options
from modaxfer.spec import Rates

__all__ = ["USUAL", "careful", "main_rate_of", "rates_set", "with_bridge_rate"]

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


def rates_set(
    options: Options, plan: Plan, context: PlanContext, write: Callable[[Any, PlanContext], Plan]
) -> Mapping[str, tuple[float, float]]:
    """Return what sets a learning rate, as the user writes it: the value that is given, and what it is by itself.

    Args:
        options: Of the run, as the user has set them.
        plan: As written for `options` and `context`.
        context: What the strategy is told, the user's learning rate with it.
        write: Lets the strategy write its plan for other options of its own, or another context.
    """
    given = context.learning_rate
    own = given and main_rate_of(
        write(options.strategy, replace(context, learning_rate=None)).phases, plan.phases, given
    )
    return {
        **({"--learning-rate": (given, own)} if given and own else {}),
        **_options_set(options.strategy, plan, lambda changed: write(changed, context)),
        "train.bridge_rate": (options.train.bridge_rate, 1.0),
    }


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


def _options_set(options: Any, plan: Plan, write: Callable[[Any], Plan]) -> dict[str, tuple[float, float]]:
    """Return the options of a strategy that set a rate; plans tell which: rates are in proportion to such a number."""
    found = {}
    for field in fields(options) if is_dataclass(options) else ():
        value, own = getattr(options, field.name), cast("Any", field.default)
        if not _number(value) or not (own is None or _number(own)) or not value or value == own:
            continue
        try:
            other = write(replace(options, **{field.name: own}))
        except ModaxferError:
            continue  # Beside the other options it has to be set, so that there is no default to be far from.
        factor = _factor(_rates(plan), _rates(other))
        if factor != 1 and (own is None or _same(value, factor * own)):
            found[f"strategy.{field.name}"] = (float(value), float(f"{value / factor:.6g}"))
    return found


def _factor(asked: Mapping[tuple[str, str], float], own: Mapping[tuple[str, str], float]) -> float:
    """Return what the rate that an option moves most is of the one without it."""
    factors = [asked[key] / own[key] for key in asked.keys() & own.keys() if own[key] and asked[key]]
    return max(factors, key=lambda factor: max(factor, 1 / factor), default=1.0)


def _rates(plan: Plan) -> dict[tuple[str, str], float]:
    """Return the learning rates of parts and of losses with parameters, by phase and name."""
    parts = {(phase.name, str(part)): rate for phase in plan.phases for part, rate in phase.learning_rates.items()}
    losses = {(phase.name, f"loss {term.name}"): term.learning_rate for phase in plan.phases for term in phase.losses}
    return parts | {key: rate for key, rate in losses.items() if rate is not None}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: float, other: float) -> bool:
    return f"{one:.6g}" == f"{other:.6g}"


def _stepped(phases: Sequence[Phase]) -> list[Phase]:
    return [phase for phase in phases if phase.solver is None and phase.epochs]
