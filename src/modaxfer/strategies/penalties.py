"""Losses that hold a model to what it was and knew, beside the task's own; options of what tunes a body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.plan import Extra, LossTerm, Part, Phase, Reads
from modaxfer.strategies.checks import check_idle
from modaxfer.strategies.ends import EndOptions

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["PenaltyOptions", "held"]

ATTENTIVE = ("softmax", "sigmoid", "identity")
"""What a problem may make of outputs for units to be weighed, as in `modaxfer.losses.unit_attention`."""


@dataclass(frozen=True, kw_only=True)
class PenaltyOptions(EndOptions):
    """Options that hold features and answers, off by default."""

    delta_weight: float = documented(
        0.0,
        "Strength with which features of four layers are held to those before training, instead of weight decay of the "
        "body (DELTA, Li et al. 2019).",
        minimum=0.0,
    )
    delta_attention: bool = documented(
        True,
        "delta_weight: units that a classifier on frozen features does worse without are held more tightly; false = "
        "all alike.",
    )
    co_tuning: float = documented(
        0.0,
        "Weight of what the head of the source (--encoder RUN, --source-task) should say of each row by its label "
        "(Co-tuning, You et al. 2020, who take 2.3); the head is trained along and left out of what is saved.",
        minimum=0.0,
    )


def held(phase: Phase, options: PenaltyOptions, context: PlanContext) -> Phase:
    """Return `phase`, of labelled rows of one task, with the losses that `options` ask for.

    A plan with `co_tuning` has to say `modaxfer.plan.Plan.source_head`.

    Raises:
        ConfigError: An option would do nothing, or does not fit what the task asks for.
    """
    return _co_tuned(_with_delta(phase, options, context), options, context)


def _co_tuned(phase: Phase, options: PenaltyOptions, context: PlanContext) -> Phase:
    if not options.co_tuning:
        return phase
    if context.problem.link != "softmax" or context.problem.ragged:
        raise ConfigError(
            "co-tuning relates classes of a source to those of the task",
            got=f"strategy.co_tuning={options.co_tuning:g} with a {context.problem.name} target",
            allowed="one class per row: binary, multiclass",
            fix="leave co_tuning out",
        )
    # The head is as old as the body, and learns as fast.
    known = next(part for part in (Part.BODY, Part.ADAPTER) if part in phase.learning_rates)
    term = LossTerm(
        name="co-tuning",
        target="modaxfer.losses.co_tuning:CoTuning",
        weight=options.co_tuning,
        reads=frozenset({Reads.POOLED}),
        learning_rate=phase.learning_rates[known],
    )
    return _with(phase, term, Extra(name="relation", target="modaxfer.losses.co_tuning:related"))


def _with_delta(phase: Phase, options: PenaltyOptions, context: PlanContext) -> Phase:
    if not options.delta_weight:
        check_idle(options, ("delta_attention",), "delta_weight=0")
        return phase
    if options.delta_attention and context.problem.link not in ATTENTIVE:
        raise ConfigError(
            f"units cannot be weighed by what they are to the problem {context.problem.name}",
            got="strategy.delta_attention=true",
            allowed="problems of classes, labels or numbers",
            fix="add --set delta_attention=false",
        )
    term = LossTerm(
        name="delta",
        target="modaxfer.losses.delta:Delta",
        weight=options.delta_weight,
        reads=frozenset({Reads.LAYERS}),
    )
    extras = [Extra(name="start", target="modaxfer.losses.delta:start_features")]
    if options.delta_attention:
        weighed = {"link": context.problem.link}
        extras.append(Extra(name="attention", target="modaxfer.losses.delta:attention", options=weighed, shared=True))
    return replace(_with(phase, term, *extras), no_decay=phase.no_decay | {Part.BODY, Part.EMBEDDINGS})


def _with(phase: Phase, term: LossTerm, *extras: Extra) -> Phase:
    """Return `phase` with a loss more, and with what it takes of each of the phase's streams."""
    streams = {name: replace(stream, extras=(*stream.extras, *extras)) for name, stream in phase.streams.items()}
    return replace(phase, streams=streams, losses=(*phase.losses, term))
