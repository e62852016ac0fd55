"""Continued pretraining on a task's own inputs, then the task; of a labelled source both losses together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import RefusedError
from modaxfer.plan import (
    SUPERVISED,
    Alternate,
    Component,
    Labels,
    LossTerm,
    Part,
    Phase,
    Plan,
    Ramp,
    Reads,
    Role,
    Stream,
)
from modaxfer.spec import UNLABELLED
from modaxfer.strategies.adaptation import AdaptationOptions, adapting
from modaxfer.strategies.checks import check_declared, check_idle
from modaxfer.strategies.schedule import Length
from modaxfer.strategies.stages import HEAD_STAGE
from modaxfer.strategies.underneath import underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["MASKED_LENGTH", "TaptOptions", "plan"]

MASKED = "masked"
"""Name of the first phase, and of its loss."""

MASKED_LENGTH = Length(steps=1000, shortest=1, longest=100)
"""The paper has 100 epochs, of some thousand rows in steps of 256."""


@dataclass(frozen=True, kw_only=True)
class TaptOptions(AdaptationOptions):
    """Options of strategy ``tapt``."""

    masked_epochs: float | None = documented(
        None, "Epochs of the masked stage, over all rows of the task; default what comes near 1,000 steps.", above=0.0
    )
    masked_rate: float | None = documented(
        None, "Peak learning rate of the masked stage; default the encoder's safe one.", above=0.0
    )
    objective: str = documented(
        "", "What is hidden and guessed, see `modaxfer list objectives`; default by the encoder's kind of input."
    )
    labelled: float | None = documented(
        None,
        "With --source-task: weight of the loss on the source's labels beside that of hidden inputs, lambda; default "
        "the source's share of the rows in a step.",
        minimum=0.0,
        maximum=1.0,
    )


def plan(options: TaptOptions, context: PlanContext) -> Plan:
    """Return a plan of two stages: guess what is hidden in the task's inputs, then learn labels.

    Task-adaptive pretraining (Gururangan et al. 2020) over the task's training rows, of which no label is looked at,
    and over rows that came without labels. What moves is what moves afterwards; over a frozen body, the body. With a
    source task the second stage is UDALM (Karouzos et al. 2021): ``lambda CE(source) + (1 - lambda) masked(target)``.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: A bridge stands before the encoder that is trained with the task.
    """
    check_declared(options)
    if context.trained_bridge:
        raise RefusedError(
            "there is nothing to hide and guess in what a bridge makes that is trained with the task",
            got="a bridge with weights, such as embed",
            allowed="text for bert, images or drawn text for vit, sounds for wav2vec2",
            fix="choose an encoder that takes the rows as they are, or another strategy",
        )
    if context.source_rows:
        learned = adapting(options, context, _term(options, context))
        share = _share(context) if options.labelled is None else options.labelled
        phases = tuple(_joined(phase, options, share) for phase in learned.phases)
    else:
        check_idle(options, ("validator", "validate_on", "labelled"), "labels of the task itself")
        learned = underlying(options, context)
        phases = learned.phases
    return replace(learned, phases=(_masked(options, context, learned.phases[-1]), *phases))


def _term(options: TaptOptions, context: PlanContext) -> LossTerm:
    return LossTerm(
        name=MASKED,
        target="modaxfer.losses.masked:Masked",
        options={"objective": options.objective},
        reads=frozenset({Reads.INPUTS}),
        learning_rate=context.rates.full * context.rates.head_multiplier,
    )


def _masked(options: TaptOptions, context: PlanContext, after: Phase) -> Phase:
    """Return the masked stage before phase `after`."""
    moving = after.trainable - {Part.HEAD} or {Part.EMBEDDINGS, Part.BODY}
    safe = context.rates.adapter if Part.ADAPTER in moving else context.rates.full
    streams = {"target": Stream(labels=Labels.HIDDEN)}
    if context.unlabelled_rows:
        streams[UNLABELLED] = Stream(split=UNLABELLED, labels=Labels.HIDDEN)
    rows = replace(context, rows=context.rows + context.unlabelled_rows, epochs=options.masked_epochs)
    return Phase(
        name=MASKED,
        trainable=frozenset(moving),
        from_layer=after.from_layer,
        epochs=MASKED_LENGTH.epochs(rows),
        learning_rates=dict.fromkeys(moving, safe if options.masked_rate is None else options.masked_rate),
        streams=streams,
        # As one heap of rows: one with few rows is not repeated beside one with many.
        mixing=Alternate(),
        # A constant weight, of which the last epoch alone is a candidate.
        losses=(replace(_term(options, context), weight=Ramp(shape="linear", start=1.0)),),
        validator=Component(target="modaxfer.validators.last:Last"),
    )


def _share(context: PlanContext) -> float:
    """Return the source's share of the rows in a step, each stream of which gives a batch as far as it has the rows."""
    own, *others = (
        min(context.batch_size, rows) for rows in (context.source_rows, context.rows, context.unlabelled_rows)
    )
    return own / (own + sum(others))


def _joined(phase: Phase, options: TaptOptions, share: float) -> Phase:
    """Return `phase` with lambda on source labels and the rest on hidden inputs of all other rows.

    Where the body stands still nothing could be guessed better, and labels alone are learned.
    """
    own = replace(SUPERVISED, streams=("source",))
    if phase.name == HEAD_STAGE or options.underneath == "frozen":
        return replace(phase, losses=(own,))
    hidden = tuple(name for name, stream in phase.streams.items() if stream.role is not Role.SOURCE)
    masked = replace(phase.losses[-1], streams=hidden, weight=(1 - share) / len(hidden))
    return replace(phase, losses=(replace(own, weight=share), masked))
