"""What strategies that adapt have in common: labelled source rows, target rows without labels, a body that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Plan, Role, Stream, Together
from modaxfer.strategies.checks import check_declared
from modaxfer.strategies.stages import HEAD_STAGE
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["AdaptationOptions", "adapting"]

SOURCE, TARGET = "source", "target"
"""Names of the streams."""


@dataclass(frozen=True, kw_only=True)
class AdaptationOptions(UnderneathOptions):
    """Options of every strategy that adapts."""

    validate_on: str = documented(
        "source",
        "Whose validation labels choose the epoch: source, or target, which is then no longer unlabelled and is said "
        "in the result.",
        choices=("source", "target"),
    )


def adapting(options: AdaptationOptions, context: PlanContext, term: LossTerm) -> Plan:
    """Return a plan that learns from labelled source rows and moves by `term` towards unlabelled target rows.

    Each step takes a batch of both; an epoch is one pass over the source.

    Args:
        options: Of the strategy.
        context: Its source rows decide how long it trains.
        term: A loss over the streams ``source`` and ``target``.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
    """
    check_declared(options)
    beneath = underlying(options, replace(context, rows=context.source_rows))
    own = replace(SUPERVISED, streams=(SOURCE,))
    phases = tuple(
        replace(
            phase,
            streams={SOURCE: Stream(role=Role.SOURCE), TARGET: Stream(labels=Labels.HIDDEN)},
            mixing=Together(epoch=SOURCE),
            # While the head is alone there are no features to move towards the target.
            losses=(own,) if phase.name == HEAD_STAGE else (own, replace(term, streams=(SOURCE, TARGET))),
            judged=(TARGET,) if options.validate_on == TARGET else (),
        )
        for phase in beneath.phases
    )
    return replace(beneath, phases=phases)
