"""Deep CORAL: second moments of source and target are drawn together while the source is learned."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import LossTerm, Reads
from modaxfer.strategies.adaptation import AdaptationOptions, adapting
from modaxfer.strategies.checks import check_declared, check_idle
from modaxfer.strategies.moved import MovedOptions, moved

if TYPE_CHECKING:
    from modaxfer.plan import Plan, PlanContext

__all__ = ["CoralOptions", "plan"]

DEFAULT_WEIGHT = 1.0

_OF_STEPS = ("weight", "means", *(item.name for item in fields(AdaptationOptions) if item.name != "underneath"))
"""What a closed form, which takes no steps, has no use for."""


@dataclass(frozen=True, kw_only=True)
class CoralOptions(AdaptationOptions, MovedOptions):
    """Options of strategy ``coral``."""

    weight: float = documented(DEFAULT_WEIGHT, "Weight of the distance beside the source's own loss.", minimum=0.0)
    on: str | None = documented(
        None,
        "What is compared: pooled features, or outputs, as Sun & Saenko 2016 have it; default pooled, over a frozen "
        "body outputs. Pooled features of a frozen body are moved in closed form (Sun, Feng & Saenko 2016).",
        choices=("pooled", "outputs"),
    )
    means: bool = documented(False, "Draw means together as well as covariances.")


def plan(options: CoralOptions, context: PlanContext) -> Plan:
    """Return a plan with the distance of Sun & Saenko 2016 between the streams' features (or outputs) in each step.

    Raises:
        ConfigError: An option or a setting is out of range.
        RefusedError: Features of a frozen body are to be moved, and there is no closed form for the problem.
    """
    on = options.on or ("outputs" if options.underneath == "frozen" else "pooled")
    if options.underneath == "frozen" and on == "pooled" and not context.trained_bridge:
        check_declared(options)
        check_idle(options, _OF_STEPS, "features of a frozen body, which are moved in closed form")
        return moved("modaxfer.heads.classical.recoloured:fit", options, context)
    check_idle(options, [item.name for item in fields(MovedOptions)], "features that move by gradient")
    term = LossTerm(
        name="coral",
        target="modaxfer.losses.coral:DeepCoral",
        options={"on": on, "means": options.means},
        weight=options.weight,
        reads=frozenset({Reads(on)}),
        joint=True,
    )
    return adapting(options, context, term)
