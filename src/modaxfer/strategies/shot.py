"""Source-free adaptation: the head of a run stays as it is, and the encoder moves until new rows suit it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import RefusedError
from modaxfer.plan import Component, Extra, Labels, LossTerm, Part, Phase, Plan, Refresh, Stream
from modaxfer.strategies.checks import check_declared, check_idle, check_one_class
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["ShotOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class ShotOptions(UnderneathOptions):
    """Options of strategy ``shot``."""

    pseudo: float = documented(
        0.3,
        "Weight of the loss to labels by the nearest centroid, which each epoch begins with; 0 = none.",
        minimum=0.0,
    )
    diversity: float = documented(
        1.0, "Weight of the entropy of the mean prediction, which keeps rows from all becoming one class.", minimum=0.0
    )


def plan(options: ShotOptions, context: PlanContext) -> Plan:
    """Return a plan that moves the encoder of a run under its head, on rows without labels (Liang et al. 2020).

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: The task does not ask for one class per row, or nothing would move.
    """
    check_declared(options)
    check_one_class("shot", context)
    check_idle(options, ["head_first"], "a head that stays as it is")
    if options.underneath == "frozen" and not context.trained_bridge:
        raise RefusedError(
            "over a frozen body nothing would move, since the head stays as it is",
            got="strategy.underneath=frozen",
            allowed="full, lora",
            fix="leave it out",
        )
    beneath = underlying(options, context)
    return replace(
        beneath, head_from_run=True, phases=tuple(_adapted(phase, options, context) for phase in beneath.phases)
    )


def _adapted(phase: Phase, options: ShotOptions, context: PlanContext) -> Phase:
    """Return `phase` without its head and without labels; a bridge is trained already, and learns like a body."""
    rates: dict[Part, float] = {part: rate for part, rate in phase.learning_rates.items() if part is not Part.HEAD}
    if Part.BRIDGE in rates:
        rates[Part.BRIDGE] = min(rates[Part.BRIDGE], context.rates.full)
    centroid = Extra(name="centroid", target="modaxfer.losses.centroids:centroid_labels", refresh=Refresh.EPOCH)
    information = LossTerm(
        name="information",
        target="modaxfer.losses.information:InformationMaximisation",
        options={"diversity": options.diversity},
        joint=True,
    )
    pseudo = LossTerm(name="pseudo", target="modaxfer.losses.centroids:CentroidLabels", weight=options.pseudo)
    return replace(
        phase,
        trainable=frozenset(rates),
        learning_rates=rates,
        streams={"target": Stream(labels=Labels.HIDDEN, extras=(centroid,) if options.pseudo else ())},
        losses=(information, pseudo) if options.pseudo else (information,),
        validator=Component(target="modaxfer.validators.information:InformationMaximisation"),
    )
