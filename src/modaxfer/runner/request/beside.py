"""Which runs beside a run its plan asks for; they are noted in its result, where whoever runs them finds them."""

from __future__ import annotations

from modaxfer.config import RunConfig
from modaxfer.plan import Plan, Role
from modaxfer.runner.request.bounds import BOUNDS

__all__ = ["ALONE", "asked_beside"]

ALONE = "alone"
"""Each of several tasks by itself."""


def asked_beside(plan: Plan, config: RunConfig) -> tuple[str, ...]:
    """Return what `plan` is to be measured against, as ``companions`` of a result holds it.

    Several tasks that share an encoder: each of them alone, where the plan says so. A plan that learns from a source
    task and sees no label of its own: its bounds, unless it is one of them.
    """
    alone = (ALONE,) if len(config.task) > 1 and plan.alone else ()
    adapts = plan.uses_source and not plan.shows(Role.TARGET) and not config.bound
    return (*alone, *(BOUNDS if adapts else ()))
