"""The plan that a strategy writes, held to what a runner reads."""

from __future__ import annotations

from typing import Any

from modaxfer.plan import Phase, Plan, PlanContext
from modaxfer.registry import Entry, call_target, calling, fault

__all__ = ["written"]


def written(strategy: Entry, options: Any, context: PlanContext) -> Plan:
    """Return the plan that `strategy` writes.

    Args:
        strategy: Of the run.
        options: Its own, as the user has set them.
        context: What it is told of the run.

    Raises:
        ModaxferError: It refuses the run.
        PluginFaultError: It fails, or returns something that is no plan.
    """
    with calling(strategy):
        plan: Any = call_target(strategy.spec.target, options, context)
    if not isinstance(plan, Plan):
        got = "None: was `return` forgotten?" if plan is None else _described(plan)
        raise fault(strategy, "returned no plan", got=got, allowed="a modaxfer.plan.Plan")
    strange = (
        [phase for phase in plan.phases if not isinstance(phase, Phase)]
        if isinstance(plan.phases, tuple)
        else [plan.phases]
    )
    if strange:
        what = "returned a plan whose phases are none"
        raise fault(strategy, what, got=_described(strange[0]), allowed="a tuple of modaxfer.plan.Phase")
    return plan


def _described(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"{type(value).__name__} {value!r}"[:200]
