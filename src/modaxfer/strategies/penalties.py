"""Losses that hold a model to what it was, beside the task's own; options of every strategy that tunes a body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.plan import Extra, LossTerm, Part, Phase, Reads
from modaxfer.strategies.checks import check_idle
from modaxfer.strategies.ends import EndOptions

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext, Stream

__all__ = ["PenaltyOptions", "held"]

ATTENTIVE = ("softmax", "sigmoid", "identity")
"""What a problem may make of outputs for units to be weighed, as in `modaxfer.losses.unit_attention`."""


@dataclass(frozen=True, kw_only=True)
class PenaltyOptions(EndOptions):
    """Options that hold features, off by default."""

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


def held(phase: Phase, options: PenaltyOptions, context: PlanContext) -> Phase:
    """Return `phase`, of labelled rows of one task, with the losses that `options` ask for.

    Raises:
        ConfigError: `delta_attention` would do nothing, or the problem's outputs are not known to it.
    """
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
    streams = {name: _with_start(stream, options, context) for name, stream in phase.streams.items()}
    return replace(
        phase, streams=streams, losses=(*phase.losses, term), no_decay=phase.no_decay | {Part.BODY, Part.EMBEDDINGS}
    )


def _with_start(stream: Stream, options: PenaltyOptions, context: PlanContext) -> Stream:
    extras = [Extra(name="start", target="modaxfer.losses.delta:start_features")]
    if options.delta_attention:
        weighed = {"link": context.problem.link}
        extras.append(Extra(name="attention", target="modaxfer.losses.delta:attention", options=weighed, shared=True))
    return replace(stream, extras=(*stream.extras, *extras))
