"""Several tasks share one encoder, each with a head of its own (Caruana 1997)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import RefusedError
from modaxfer.plan import SUM, Alternate, Component, Phase, Plan, Stream, Together
from modaxfer.strategies.checks import check_declared, check_idle, check_installed
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["MultitaskOptions", "plan"]

_GRADIENTS = {
    "pcgrad": Component(target="modaxfer.losses.conflicts:PCGrad"),
    "imtl-g": Component(target="modaxfer.losses.conflicts:IMTLG"),
}
"""Combiners that compare gradients, so that each step needs those of all tasks."""

_COMBINERS = {"sum": SUM, "uncertainty": Component(target="modaxfer.losses.uncertainty:Uncertainty"), **_GRADIENTS}


@dataclass(frozen=True, kw_only=True)
class MultitaskOptions(UnderneathOptions):
    """Options of strategy ``multitask``."""

    temperature: float = documented(
        2.0, "Tasks take turns, drawn in proportion to rows ** (1 / temperature), at least 1; 1 = by size.", minimum=1.0
    )
    weighting: str = documented(
        "sum",
        "How losses are weighed: all alike (published comparisons find it enough), by learned uncertainty (Kendall et "
        "al. 2018); or their gradients, over a batch of every task in each step: pcgrad (Yu et al. 2020) takes out "
        "what conflicts, imtl-g (Liu et al. 2021) lets all tasks gain alike.",
        choices=("sum", "uncertainty", "pcgrad", "imtl-g"),
    )
    alone: bool = documented(True, "Train each task by itself as well, to say what sharing gained or harmed.")


def plan(options: MultitaskOptions, context: PlanContext) -> Plan:
    """Return the plan of what lies underneath, shared by all tasks; rows of all of them count for its length.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: The encoder is to stay frozen.
        MissingPackageError: Gradients are to be weighed, and torchjd is not installed.
    """
    check_declared(options)
    if options.weighting in _GRADIENTS:
        check_installed("torchjd", f"strategy.weighting={options.weighting}", "pip install 'modaxfer[multitask]'")
        check_idle(options, ("temperature",), f"weighting={options.weighting}, which takes all tasks in each step")
    if options.underneath == "frozen":
        raise RefusedError(
            "over a frozen encoder tasks share nothing that moves, so none can help or harm another",
            got="strategy.underneath=frozen",
            allowed="full, lora",
            fix="train each task by itself with --strategy frozen, or set strategy.underneath=lora",
        )
    plan = underlying(options, context)
    return replace(plan, phases=tuple(_shared(phase, options, context) for phase in plan.phases), alone=options.alone)


def _shared(phase: Phase, options: MultitaskOptions, context: PlanContext) -> Phase:
    """Return `phase` with a stream of each task; of a task alone there is nothing to weigh."""
    several = context.tasks > 1
    return replace(
        phase,
        streams={f"task-{number}": Stream(task=number) for number in range(context.tasks)},
        mixing=Together() if options.weighting in _GRADIENTS else Alternate(temperature=options.temperature),
        combine=_COMBINERS[options.weighting] if several else SUM,
    )
