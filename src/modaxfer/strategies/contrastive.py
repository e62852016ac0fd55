"""Few rows per class: the body learns from pairs of rows, then a classical head is fitted on its features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.errors import RefusedError
from modaxfer.heads.search_options import SEARCH_ROWS, SearchOptions, check_layer, heads_for, refuse_reduction
from modaxfer.plan import Component, LossTerm, Part, Phase, Plan, Reads, Solver
from modaxfer.strategies.checks import check_declared, check_idle, check_one_class
from modaxfer.strategies.schedule import Length
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["CONTRASTIVE_LENGTH", "ContrastiveOptions", "plan"]

CONTRASTIVE_LENGTH = Length(steps=100, shortest=1, longest=20)
"""Every step compares all pairs of its rows, so that a row is in as many pairs per epoch as a step has other rows."""


@dataclass(frozen=True, kw_only=True)
class ContrastiveOptions(UnderneathOptions, SearchOptions):
    """Options of strategy ``contrastive``: how the body learns, and the search for the head behind it."""


def plan(options: ContrastiveOptions, context: PlanContext) -> Plan:
    """Return a plan of two phases: the body, or an adapter in it, learns from pairs; then a head is solved for.

    SetFit (Tunstall et al. 2022) for any encoder and bridge. Its head, a logistic regression on the last layer, is one
    of those that the search may choose: on some encoders a lower layer stays the better one.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: The task does not ask for one class per row, a step is of one row, or nothing would move.
    """
    check_declared(options)
    check_one_class("contrastive", context, about="pairs of rows of one class and of two")
    check_idle(options, ("head_first",), "a head that is fitted last")
    _refuse_still(options, context)
    check_layer(options.layer, context.depth)
    heads_for(options.head, context.problem)
    refuse_reduction(options.reduction, context.problem)
    beneath = underlying(options, context)
    (phase,) = beneath.phases
    solver = Solver(target="modaxfer.heads.classical:fit", options=options, sample_rows=SEARCH_ROWS)
    solve = Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=solver)
    return replace(beneath, phases=(_from_pairs(phase, context), solve))


def _from_pairs(phase: Phase, context: PlanContext) -> Phase:
    """Return `phase` without its head, on a contrastive loss."""
    rates: dict[Part, float] = {part: rate for part, rate in phase.learning_rates.items() if part is not Part.HEAD}
    term = LossTerm(
        name="contrastive",
        target="modaxfer.losses.contrastive:Contrastive",
        reads=frozenset({Reads.POOLED}),
        joint=True,
    )
    return replace(
        phase,
        name="contrast",
        trainable=frozenset(rates),
        learning_rates=rates,
        epochs=CONTRASTIVE_LENGTH.epochs(context),
        losses=(term,),
        validator=Component(target="modaxfer.losses.contrastive:ContrastiveScore"),
    )


def _refuse_still(options: ContrastiveOptions, context: PlanContext) -> None:
    """Refuse steps without pairs, and a body that nothing moves."""
    if context.batch_size < 2:
        raise RefusedError(
            "a step of one row holds no pair",
            got=f"--batch-size {context.batch_size}",
            allowed="2 and more; the default is 32",
            fix="leave --batch-size out",
        )
    if options.underneath == "frozen" and not context.trained_bridge:
        raise RefusedError(
            "over a frozen body pairs of rows would move nothing",
            got="strategy.underneath=frozen",
            allowed="full, lora, adapter",
            fix="leave it out, or use --strategy frozen",
        )
