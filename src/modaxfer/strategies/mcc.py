"""Minimum class confusion: target rows are drawn to one class or another while labelled rows are learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import LossTerm
from modaxfer.strategies.adaptation import AdaptationOptions, adapting
from modaxfer.strategies.checks import check_one_class

if TYPE_CHECKING:
    from modaxfer.plan import Plan, PlanContext

__all__ = ["MccOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class MccOptions(AdaptationOptions):
    """Options of strategy ``mcc``."""

    weight: float = documented(1.0, "Weight of the confusion beside the loss on labelled rows.", minimum=0.0)
    temperature: float = documented(2.5, "Divides the logits before classes are compared.", above=0.0)


def plan(options: MccOptions, context: PlanContext) -> Plan:
    """Return a plan with the class confusion of Jin et al. 2020 on the rows without labels of each step.

    Raises:
        ConfigError: An option or a setting is out of range.
        RefusedError: The task does not ask for one class per row; a step has too few rows for its classes.
    """
    check_one_class("mcc", context)
    term = LossTerm(
        name="mcc",
        target="modaxfer.losses.mcc:Mcc",
        options={"temperature": options.temperature, "batch_size": context.batch_size},
        weight=options.weight,
        joint=True,
    )
    return adapting(options, context, term)
