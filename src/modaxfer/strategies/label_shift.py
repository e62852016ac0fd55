"""Classes more or less common in the target than in the source: probabilities are weighed anew, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.plan import Correction, Labels, Plan, Role, Stream
from modaxfer.strategies.checks import check_declared, check_idle, check_one_class
from modaxfer.strategies.schedule import CACHED_HEAD_RATE
from modaxfer.strategies.underneath import UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["LabelShiftOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class LabelShiftOptions(UnderneathOptions):
    """Options of strategy ``label-shift``; `underneath` and what belongs to it are for learning a source task."""

    estimate: str = documented(
        "em",
        "How the target's shares of the classes are found: em, those under which its rows are likeliest (Saerens et "
        "al. 2002), or bbse, from how often each class is taken for another (Lipton et al. 2018).",
        choices=("em", "bbse"),
    )
    calibration: str = documented(
        "bias",
        "How probabilities are calibrated on the source's validation rows before that: temperature (Guo et al. 2017), "
        "bias as well (Alexandari et al. 2020), none.",
        choices=("bias", "temperature", "none"),
    )


def plan(options: LabelShiftOptions, context: PlanContext) -> Plan:
    """Return a plan that learns the source, or takes a whole run as it is, and corrects what it says of the target.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: The target does not ask for one class per row.
    """
    check_declared(options)
    check_one_class("label-shift", context)
    correction = Correction(
        name="label-shift",
        target="modaxfer.corrections.label_shift:fit",
        options={"method": options.estimate, "calibration": options.calibration},
        streams={
            "source": Stream(role=Role.SOURCE, split="validation"),
            "target": Stream(labels=Labels.HIDDEN),
        },
    )
    if context.from_run:
        check_idle(options, [item.name for item in fields(UnderneathOptions)], "a run that is taken as it is")
        return Plan(head_from_run=True, correct=correction)
    beneath = underlying(options, replace(context, rows=context.source_rows), cached_rate=CACHED_HEAD_RATE)
    phases = tuple(replace(phase, streams={"source": Stream(role=Role.SOURCE)}) for phase in beneath.phases)
    return replace(beneath, phases=phases, correct=correction)
