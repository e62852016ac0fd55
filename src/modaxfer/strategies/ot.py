"""Optimal transport: source features are carried to the target's, rows of a class together, and a head fitted there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.heads.transport_options import TransportOptions
from modaxfer.strategies.checks import check_declared, check_installed, check_one_class
from modaxfer.strategies.moved import MovedOptions, moved

if TYPE_CHECKING:
    from modaxfer.heads.search_options import SearchOptions
    from modaxfer.plan import Plan, PlanContext

__all__ = ["OtOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class OtOptions(MovedOptions):
    """Options of strategy ``ot``."""

    entropy: float = documented(
        0.1, "Weight of the plan's entropy, in medians of the cost: more is smoother.", above=0.0
    )
    classes: float = documented(
        0.1, "Weight of the group lasso, by which target rows get mass of one class alone.", minimum=0.0
    )
    largest_shift: float = documented(
        0.2,
        "How far the classes' shares may have moved (total variation, 0 to 1) before the run says that transport will "
        "carry rows to other classes.",
        minimum=0.0,
        maximum=1.0,
    )
    refuse_shift: bool = documented(False, "Fail where they have moved further, instead of a warning.")


def plan(options: OtOptions, context: PlanContext) -> Plan:
    """Return a plan of class-regularised transport (Courty et al. 2017) between frozen features.

    Raises:
        ConfigError: An option is out of range.
        RefusedError: The task does not ask for one class per row, or features cannot be moved in closed form.
        MissingPackageError: POT is not installed.
    """
    check_declared(options)
    check_one_class("ot", context)
    check_installed("ot", "strategy ot", "pip install 'modaxfer[ot]'")

    def own(search: SearchOptions) -> TransportOptions:
        return TransportOptions(
            search=search,
            entropy=options.entropy,
            classes=options.classes,
            largest_shift=options.largest_shift,
            refuse=options.refuse_shift,
        )

    return moved("modaxfer.heads.classical.transported:fit", options, context, own)
