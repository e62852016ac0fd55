"""The run without its source stage, and the source stage's own model on the task: what the source was worth.

The same request but for the source, with the same seed, paired by row. Where the classes of source and task agree, or a
map says which is which, the model that the source stage left is scored on the task's test rows as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modaxfer.config import RunConfig
from modaxfer.errors import RefusedError
from modaxfer.plan import Plan
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Kind, Main, Runs
from modaxfer.runner.beside.steps import without_step
from modaxfer.runner.beside.zero_shot import agrees, zero_shot
from modaxfer.runner.kinds import SOURCE_STAGE
from modaxfer.runner.request.options import flatten
from modaxfer.runner.request.single import single

__all__ = ["WITHOUT_SOURCE", "asked", "without_source"]

NAME = "without-source"
"""What a run with a source stage asks for, and the folder where it lies."""

SOURCE_ONLY = "source_only"
"""The source stage's model among the baselines."""

UNREAD = "the source stage's model reads other columns than the task has, so it is not scored on it as it is"
"""Warning where the encoder carries over and the whole model does not."""


def asked(plan: Plan, config: RunConfig) -> tuple[str, ...]:
    """Return what is asked for of a run that learns a source task first: the same without it."""
    return (NAME,) if config.source_task and not plan.uses_source else ()


def without_source(main: RunConfig) -> RunConfig:
    """Return the request of the run without the source stage of `main`."""
    own = ("source.", "strategy.co_tuning")
    options = {key: value for key, value in flatten(main.set).items() if not key.startswith(own)}
    return replace(single(main), source_task=(), map_classes=None, set=options)


_GAIN = without_step(
    SOURCE_STAGE,
    folder=NAME,
    label="without the source stage",
    is_asked=lambda main: NAME in main.result.companions,
    changed=lambda main: without_source(main.config),
)


def _is_told(main: Main) -> bool:
    scored = SOURCE_ONLY in main.result.baselines or UNREAD in main.result.warnings
    return _GAIN.is_told(main) and (scored or not agrees(main))


def _tell(main: Main, result: Result, runs: Runs) -> Result:
    told = _GAIN.tell(main, result, runs)
    if SOURCE_ONLY in told.baselines or not main.writes or not agrees(main):
        return told
    try:
        found: Mapping[str, Any] = {SOURCE_ONLY: zero_shot(main)}
    except RefusedError:
        return replace(told, warnings=(*told.warnings, UNREAD))
    return replace(told, baselines={**told.baselines, **found})


WITHOUT_SOURCE: Kind = replace(_GAIN, is_told=_is_told, tell=_tell)
