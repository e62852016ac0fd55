"""What a run that adapts is measured against: the same plan without adaptation, and one that knows the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.plan import Plan, Role
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Companion, Kind, Main, Runs
from modaxfer.runner.beside.gain import measured_against
from modaxfer.runner.evaluation.estimates import harm
from modaxfer.runner.evaluation.finished import read_finished
from modaxfer.runner.request.bounds import BOUNDS, SOURCE_ONLY
from modaxfer.runner.request.single import single

__all__ = ["AS_BASELINE", "BOUND_RUNS", "asked"]

AS_BASELINE = dict(zip(BOUNDS, ("source_only", "target_oracle"), strict=True))
"""Value of `RunConfig.bound` to the baseline that it is in a result."""


def asked(plan: Plan, config: RunConfig) -> tuple[str, ...]:
    """Return the bounds of a `plan` that learns from a source task and sees no label of its own, unless it is one."""
    adapts = plan.uses_source and not plan.shows(Role.TARGET) and not config.bound
    return BOUNDS if adapts else ()


def _companions(main: Main) -> tuple[Companion, ...]:
    return tuple(_bound(main, bound) for bound in AS_BASELINE if bound in main.result.companions)


def _bound(main: Main, bound: str) -> Companion:
    def config(runs: Runs) -> RunConfig:
        return replace(single(main.config), bound=bound)

    return Companion(place=_place(bound), label=bound, config=config, same_weights=True)


def _place(bound: str) -> str:
    return f"bounds/{bound}"


def _is_told(main: Main) -> bool:
    return all(name in main.result.baselines for name in AS_BASELINE.values())


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    own = read_finished(main.folder, main.result)
    found: Mapping[str, Any] = {
        name: measured_against(own, read_finished(main.folder / _place(bound), runs[_place(bound)]))
        for bound, name in AS_BASELINE.items()
        if _place(bound) in runs
    }
    result = replace(result, baselines={**result.baselines, **found})
    lower = runs.get(_place(SOURCE_ONLY))
    return result if lower is None else _judged_beside(result, lower)


def _judged_beside(result: Result, lower: Result) -> Result:
    """Return `result` with what validators give the run without adaptation, and a warning where all prefer that one."""
    own, other = (each.estimates.get("validators") or {} for each in (result, lower))
    told = harm(own, other)
    warnings = tuple(dict.fromkeys([*result.warnings, *([told] if told else [])]))
    return replace(result, estimates={**result.estimates, "source_only": other}, warnings=warnings) if other else result


BOUND_RUNS = Kind(name="the bounds of adaptation", companions=_companions, is_told=_is_told, tell=_tell)
