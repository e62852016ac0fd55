"""AdaMatch: pseudo-labels that a strong view of a row has to follow, for adaptation and for few labels alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import LossTerm, Ramp, View
from modaxfer.strategies.adaptation import AdaptationOptions, adapting
from modaxfer.strategies.checks import check_idle, check_one_class

if TYPE_CHECKING:
    from modaxfer.plan import Plan, PlanContext

__all__ = ["AdaMatchOptions", "plan"]

HALF = 0.5
"""Share of the phase after which unlabelled rows have their full weight, as in the paper."""

VIEWS = (View(transforms=("weak",)), View(transforms=("strong",)))


@dataclass(frozen=True, kw_only=True)
class AdaMatchOptions(AdaptationOptions):
    """Options of strategy ``adamatch``."""

    weight: float = documented(1.0, "Weight of the rows without labels, once it has been reached.", minimum=0.0)
    ramp: bool = documented(True, "Let their weight rise over the first half, 1/2 - cos(2 pi p) / 2; else constant.")
    threshold: float = documented(
        0.95,
        "Share of the mean confidence on labelled rows from which the pseudo-label of a row counts.",
        minimum=0.0,
        maximum=1.0,
    )
    align: bool = documented(True, "Move predictions to the class shares that are predicted on labelled rows.")
    momentum: float = documented(
        0.999,
        "align=true: momentum of the moving means of class shares; 0 takes those of a step.",
        minimum=0.0,
        maximum=1.0,
    )


def plan(options: AdaMatchOptions, context: PlanContext) -> Plan:
    """Return a plan with the losses of Berthelot et al. 2022 on a weak and a strong view of every row.

    Labelled rows, of a source task or of the task itself, are learned in both views. The strong view of a row without a
    label is held against the likeliest class of its weak view, where the model is sure enough of that.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: The task does not ask for one class per row, or nothing moves that could follow.
    """
    check_one_class("adamatch", context)
    if not options.align:
        check_idle(options, ("momentum",), "align=false")
    term = LossTerm(
        name="adamatch",
        target="modaxfer.losses.adamatch:AdaMatch",
        options={"threshold": options.threshold, "align": options.align, "momentum": options.momentum},
        weight=Ramp(shape="cosine", end=options.weight, until=HALF) if options.ramp else options.weight,
        joint=True,
    )
    return adapting(options, context, term, views=VIEWS)
