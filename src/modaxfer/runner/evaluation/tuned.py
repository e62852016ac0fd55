"""How sure a search over settings can be: how many validation rows chose, and what they can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modaxfer.metrics import bootstrap
from modaxfer.result import Result
from modaxfer.runner.attempts import attempt
from modaxfer.runner.evaluation.scores import Findings
from modaxfer.runner.evaluation.summary import MEAN
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession

__all__ = ["with_tuning"]


def with_tuning(
    result: Result, tuning: Mapping[str, Any], session: TaskSession, resolved: ResolvedTask, findings: Findings
) -> Result:
    """Return `result` with what the search says, the validation interval of the setting that it chose, and a warning.

    Args:
        result: Of the run with that setting.
        tuning: What the search says.
        session: With the trained model.
        resolved: The task.
        findings: Its scores.
    """
    if not tuning:
        return result
    told: dict[str, Any] = {**tuning, "rows": findings.scored["validation"]}
    if tuning["metric"] == resolved.primary:
        troubles: list[str] = []
        found = attempt("the validation interval", lambda: _interval(session, resolved, findings), troubles)
        told |= {} if found is None else {"interval": found}
        result = replace(result, warnings=(*result.warnings, *troubles))
    return replace(result, tuning=told, warnings=(*result.warnings, _caveat(told)))


def _interval(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> list[float]:
    made, asked = findings.validation, findings.validation_asked
    drawn = bootstrap(
        [resolved.primary],
        problem=session.problem,
        cost=session.cost,
        references=asked.references,
        predictions=made.predictions,
        scores=made.scores,
        seed=session.seed,
        clusters=asked.units,
    )[resolved.primary]
    return [drawn.low, drawn.high]


def _caveat(told: Mapping[str, Any]) -> str:
    """Say what the best of several scores on few rows is worth."""
    best, default, metric = told["validation"], told["default"], told["metric"]
    share = " of this task, beside those of the others" if metric == MEAN else ""
    said = f"{told['completed']} settings were compared by {told['rows']:,} validation rows{share}"
    low, high = told.get("interval") or (None, None)
    if best is None or low is None or high is None:
        return f"{said}: the best validation score is the best of many, and better than new rows will give"
    said += f", which know {metric} to [{low:.3f}, {high:.3f}]"
    if told["chosen"] == 0:
        return f"{said}: none was better than the run without a search, {best:.3f}"
    if default is not None:
        said += f"; without a search it is {default:.3f}"
        said += ", within that: no evidence that the search helped" if low <= default <= high else ""
    return f"{said}; {best:.3f} is the best of many, and better than new rows will give"
