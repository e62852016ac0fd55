"""In which order a plan lets the model move: the head first, then layers from the top down. Written once for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.heads.search_options import SEARCH_ROWS
from modaxfer.plan import Part, Phase, Plan, Solver
from modaxfer.strategies.checks import check_idle
from modaxfer.strategies.frozen import FrozenOptions
from modaxfer.strategies.penalties import PenaltyOptions, held
from modaxfer.strategies.schedule import HEAD_LENGTH

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["HEAD_STAGE", "StageOptions", "staged"]

HEAD_STAGE = "head"
"""Name of the phase in which the head moves alone."""

FRESH = frozenset({Part.HEAD, Part.BRIDGE})
"""Parts that no pretraining has seen."""


@dataclass(frozen=True, kw_only=True)
class StageOptions(PenaltyOptions):
    """Options of strategies that train a body or what is attached to it."""

    head_first: bool = documented(
        False,
        "Train the head alone first, then everything, the head as slowly as the body (LP-FT, Kumar et al. 2022). "
        "Of --epochs each takes half.",
    )
    head_by: str = documented(
        "gradient",
        "head_first: how, by gradient or in closed form (a regularised linear head on the last layer's features, which "
        "takes no epochs).",
        choices=("gradient", "closed-form"),
    )
    gradual: float = documented(
        0.0,
        "Share of the steps over which layers are unfrozen one after another from the top down (Howard & Ruder 2018); "
        "0 = all at once.",
        minimum=0.0,
        maximum=0.9,
    )


def staged(plan: Plan, options: StageOptions, context: PlanContext) -> Plan:
    """Return `plan`, of one phase at whose rates fresh parts are fresh, with stages and losses that `options` ask for.

    With `head_first` a phase comes before it, in which fresh parts are trained over a body that stands still, so that
    their random start does not spoil its features. They are then as old as the body and learn at its rate. Epochs that
    the user sets are passes over the rows in all phases together: each of the two takes half, and a head in closed form
    none.

    Raises:
        ConfigError: `head_by` would do nothing, or there is no closed form; or as of `held`.
    """
    (phase,) = plan.phases
    plan, phase = replace(plan, source_head=options.co_tuning > 0), held(phase, options, context)
    if options.gradual:
        phase = replace(phase, unfreeze=options.gradual)
    if not options.head_first:
        check_idle(options, ("head_by",), "head_first=false")
        return replace(plan, phases=(phase,))
    fresh = {part: rate for part, rate in phase.learning_rates.items() if part in FRESH}
    settled = {part: _settled(rate, context) for part, rate in fresh.items()}
    phase = replace(phase, learning_rates={**phase.learning_rates, **settled})
    if options.head_by == "closed-form":
        return replace(plan, phases=(_solved(context), phase))
    shared = 1.0 if context.epochs is None else 0.5
    return replace(plan, phases=(_head_alone(phase, fresh, context, shared), _shortened(phase, shared)))


def _settled(rate: float, context: PlanContext) -> float:
    """Return the rate of a part that is no longer fresh; a random body is as fresh as its head."""
    return rate / context.rates.head_multiplier if context.pretrained else rate


def _shortened(phase: Phase, share: float) -> Phase:
    return replace(phase, epochs=share * phase.epochs)


def _head_alone(phase: Phase, rates: Mapping[Part, float], context: PlanContext, share: float) -> Phase:
    # Over a bridge that moves nothing can be encoded once.
    epochs = phase.epochs if Part.BRIDGE in rates else HEAD_LENGTH.epochs(context)
    return Phase(name=HEAD_STAGE, trainable=frozenset(rates), learning_rates=rates, epochs=share * epochs)


def _solved(context: PlanContext) -> Phase:
    """Return a phase that fits a linear head to what the body says before it moves."""
    if context.trained_bridge or not context.problem.link:
        why = "a bridge that is trained" if context.trained_bridge else f"the problem {context.problem.name}"
        raise ConfigError(
            f"there is no closed form of a head with {why}",
            got="strategy.head_by=closed-form",
            allowed="gradient",
            fix="leave head_by out",
        )
    head = "ridge" if context.problem.link == "identity" else "logistic"
    options = FrozenOptions(head=head, reduction="none", layer="last")
    solver = Solver(target="modaxfer.heads.classical:fit_to_tune", options=options, sample_rows=SEARCH_ROWS)
    return Phase(name=HEAD_STAGE, trainable=frozenset({Part.HEAD}), solver=solver)
