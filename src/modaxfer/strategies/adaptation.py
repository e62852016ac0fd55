"""What strategies that adapt have in common: labelled source rows, target rows without labels, a body that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import SUPERVISED, Component, Labels, LossTerm, Plan, Role, Stream, Together, View
from modaxfer.registry import registry
from modaxfer.spec import UNLABELLED
from modaxfer.strategies.checks import check_declared, check_idle
from modaxfer.strategies.stages import HEAD_STAGE
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["AdaptationOptions", "adapting"]

SOURCE, TARGET, LABELLED = "source", "target", "labelled"
"""Names of the streams."""


@dataclass(frozen=True, kw_only=True)
class AdaptationOptions(UnderneathOptions):
    """Options of every strategy that adapts."""

    validator: str = documented(
        "score",
        "What chooses the epoch, see `modaxfer list validators`: score is the primary metric, the others ask what the "
        "model says of target rows.",
    )
    validate_on: str = documented(
        "source",
        "validator=score: whose validation labels choose the epoch: source, or target, which is then no longer "
        "unlabelled and is said in the result.",
        choices=("source", "target"),
    )


def adapting(
    options: AdaptationOptions, context: PlanContext, term: LossTerm, *, views: tuple[View, ...] = (View(),)
) -> Plan:
    """Return a plan that learns from labelled rows and moves by `term` towards rows without labels.

    From a labelled source task towards the task, whose labels are hidden, and towards rows that came without
    (``--unlabelled``); an epoch is one pass over the source. Where there is no source the task's own labels are learned
    from, and an epoch is one pass over the stream with most rows. Each step takes a batch of every stream.

    Args:
        options: Of the strategy.
        context: Says which rows there are, and so how long it trains.
        term: A loss over all streams: ``source``, ``target`` and ``unlabelled``, or ``labelled`` and ``unlabelled``.
        views: In which every row is shown.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        UnknownNameError: There is no such validator.
    """
    check_declared(options)
    streams = {name: replace(stream, views=views) for name, stream in _streams(context).items()}
    adapts = SOURCE in streams
    if not adapts:
        check_idle(options, ("validate_on", "validator"), "labels of the task itself")
    check_idle(options, () if options.validator == "score" else ("validate_on",), f"validator={options.validator}")
    rows = context.source_rows if adapts else max(context.rows, context.unlabelled_rows)
    given = tuple(name for name, stream in streams.items() if stream.labels is Labels.GIVEN)
    own = replace(SUPERVISED, streams=given)
    beneath = underlying(options, replace(context, rows=rows))
    phases = tuple(
        replace(
            phase,
            streams=streams,
            mixing=Together(epoch=SOURCE if adapts else ""),
            # While the head is alone there are no features to move.
            losses=(own,) if phase.name == HEAD_STAGE else (own, replace(term, streams=tuple(streams))),
            validator=Component(target=registry().get("validator", options.validator).spec.target),
            judged=(TARGET,) if adapts and options.validate_on == TARGET else (),
        )
        for phase in beneath.phases
    )
    return replace(beneath, phases=phases)


def _streams(context: PlanContext) -> dict[str, Stream]:
    """Return what there is to learn from: labelled rows first."""
    more = {UNLABELLED: Stream(split=UNLABELLED, labels=Labels.HIDDEN)} if context.unlabelled_rows else {}
    if context.source_rows:
        return {SOURCE: Stream(role=Role.SOURCE), TARGET: Stream(labels=Labels.HIDDEN), **more}
    return {LABELLED: Stream(), **more}
