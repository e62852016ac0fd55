"""The body stays as it is: encode once and fit a classical head, or train what feeds it and what reads it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from modaxfer.config import documented
from modaxfer.heads.search_options import SEARCH_ROWS, SearchOptions, check_layer, heads_for, refuse_reduction
from modaxfer.plan import Part, Phase, Plan, PlanContext, Solver
from modaxfer.strategies.checks import check_declared, check_idle
from modaxfer.strategies.schedule import ADAPTER_LENGTH, CACHED_HEAD_RATE, HEAD_LENGTH, head_rate, main_rate

__all__ = ["FrozenOptions", "plan"]

_SOLVER_ONLY = tuple(item.name for item in fields(SearchOptions))


@dataclass(frozen=True, kw_only=True)
class FrozenOptions(SearchOptions):
    """Options of strategy ``frozen``."""

    norms: bool = documented(True, "With a bridge that is trained: move the body's layer norms as well.")


def plan(options: FrozenOptions, context: PlanContext) -> Plan:
    """Return a plan that is solved; with a bridge that has to be trained, one that trains around the frozen body.

    The first has one phase without steps: epochs and learning rate play no part in it; where the problem has no link
    that a closed form could be found for, or its rows are private, its head is trained by gradient instead. The second
    is the frozen pretrained transformer of Lu et al. (2021): bridge, linear head and layer norms move, at one rate,
    attention and feed-forward layers do not. A body of random weights is frozen like any other: that is FPT's random
    baseline.

    Raises:
        ConfigError: An option is out of range, or one is set that concerns the other kind of plan.
        UnknownNameError: There is no such head.
        RefusedError: Head or reduction do not fit the problem.
    """
    check_declared(options)
    if context.trained_bridge:
        check_idle(options, _SOLVER_ONLY, "a bridge that is trained, where no head is solved for")
        return _around_the_body(options, context)
    check_idle(options, ("norms",), "a bridge without weights, where nothing but a head is fitted")
    if context.private:
        check_idle(options, _SOLVER_ONLY, "--private, where the head is trained by gradient")
        return _head_alone(context)
    if not context.problem.link:
        check_idle(options, _SOLVER_ONLY, f"the problem {context.problem.name}, for which no head is solved for")
        return _head_alone(context)
    check_layer(options.layer, context.depth)
    heads_for(options.head, context.problem)
    refuse_reduction(options.reduction, context.problem)
    solver = Solver(target="modaxfer.heads.classical:fit", options=options, sample_rows=SEARCH_ROWS)
    return Plan(phases=(Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=solver),))


def _around_the_body(options: FrozenOptions, context: PlanContext) -> Plan:
    parts = {Part.BRIDGE, Part.HEAD, *([Part.NORM] if options.norms else [])}
    rate = main_rate(context, head_rate(context, context.rates.full, context.rates.full))
    phase = Phase(
        trainable=frozenset(parts),
        epochs=ADAPTER_LENGTH.epochs(context),
        learning_rates=dict.fromkeys(parts, rate),
    )
    return Plan(phases=(phase,))


def _head_alone(context: PlanContext) -> Plan:
    """Train the problem's own head by gradient on features that are encoded once."""
    phase = Phase(
        trainable=frozenset({Part.HEAD}),
        epochs=HEAD_LENGTH.epochs(context),
        learning_rates={Part.HEAD: main_rate(context, CACHED_HEAD_RATE)},
    )
    return Plan(phases=(phase,))
