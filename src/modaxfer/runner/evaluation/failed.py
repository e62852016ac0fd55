"""The result of a run that failed."""

from __future__ import annotations

from collections.abc import Sequence

from modaxfer.errors import ModaxferError, PluginFaultError
from modaxfer.result import Result
from modaxfer.runner.evaluation.took_part import took_part
from modaxfer.runner.request.announced import describe
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.stages import Stages

__all__ = ["failed_result"]


def failed_result(error: Exception, tasks: Sequence[ResolvedTask], stages: Stages, warnings: Sequence[str]) -> Result:
    """Return what is known of a run of `tasks` that `error` has ended."""
    told = describe(tasks[0])
    return Result(
        status="failed",
        encoder={"id": told["encoder"], "checkpoint": told["checkpoint"]},
        bridge=told["bridge"],
        strategy=told["strategy"],
        task=" + ".join(resolved.task_id for resolved in tasks),
        seed=tasks[0].config.seed,
        time_s=stages.seconds(),
        plugins=took_part(tasks),
        warnings=tuple(warnings),
        faults=({**error.blame, "error": str(error)},) if isinstance(error, PluginFaultError) else (),
        error=str(error) if isinstance(error, ModaxferError) else f"{type(error).__name__}: {error}",
    )
