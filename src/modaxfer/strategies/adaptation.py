"""What strategies that adapt have in common: labelled source rows, target rows without labels, a body that moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Part, Phase, Plan, Role, Stream, Together
from modaxfer.strategies import full, lora
from modaxfer.strategies.checks import check_declared, check_idle
from modaxfer.strategies.schedule import HEAD_LENGTH, head_rate, main_rate

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["AdaptationOptions", "adapting"]

SOURCE, TARGET = "source", "target"
"""Names of the streams."""

_USED_BY = {"full": ("layer_decay",), "lora": ("rank", "alpha", "targets"), "frozen": ()}


@dataclass(frozen=True, kw_only=True)
class AdaptationOptions:
    """Options of every strategy that adapts."""

    underneath: str = documented("full", "How the encoder moves.", choices=("full", "lora", "frozen"))
    validate_on: str = documented(
        "source",
        "Whose validation labels choose the epoch: source, or target, which is then no longer unlabelled and is said "
        "in the result.",
        choices=("source", "target"),
    )
    layer_decay: float | None = documented(
        None, "underneath=full: learning rate factor per layer, from the top down; default the encoder's.", minimum=0.0
    )
    rank: int = documented(16, "underneath=lora: rank of the updates.", minimum=1)
    alpha: int = documented(32, "underneath=lora: updates are scaled by alpha / rank.", minimum=1)
    targets: tuple[str, ...] = documented(
        (), "underneath=lora: names of the linear modules to update; default the encoder's own list."
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
    idle = [name for by, names in _USED_BY.items() if by != options.underneath for name in names]
    check_idle(options, idle, f"underneath={options.underneath}")
    beneath = _underneath(options, replace(context, rows=context.source_rows))
    phases = tuple(
        replace(
            phase,
            streams={SOURCE: Stream(role=Role.SOURCE), TARGET: Stream(labels=Labels.HIDDEN)},
            mixing=Together(epoch=SOURCE),
            losses=(replace(SUPERVISED, streams=(SOURCE,)), replace(term, streams=(SOURCE, TARGET))),
            judged=(TARGET,) if options.validate_on == TARGET else (),
        )
        for phase in beneath.phases
    )
    return replace(beneath, phases=phases)


def _underneath(options: AdaptationOptions, context: PlanContext) -> Plan:
    if options.underneath == "full":
        return full.plan(full.FullOptions(layer_decay=options.layer_decay), context)
    if options.underneath == "lora":
        return lora.plan(lora.LoraOptions(rank=options.rank, alpha=options.alpha, targets=options.targets), context)
    fresh = head_rate(context, main_rate(context, context.rates.full), context.rates.full)
    rates = {Part.HEAD: fresh} | ({Part.BRIDGE: fresh} if context.trained_bridge else {})
    return Plan(phases=(Phase(trainable=frozenset(rates), learning_rates=rates, epochs=HEAD_LENGTH.epochs(context)),))
