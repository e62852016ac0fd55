"""A trained task is concluded: its test scores are asked of `scores.examine`, and what belongs to it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from modaxfer.result import Result
from modaxfer.runner.attempts import attempt
from modaxfer.runner.evaluation.ablation import ablate
from modaxfer.runner.evaluation.beside_scores import beside_scores
from modaxfer.runner.evaluation.estimates import estimates
from modaxfer.runner.evaluation.feature_map import map_features, write_map
from modaxfer.runner.evaluation.privacy import kept_private
from modaxfer.runner.evaluation.scores import Findings, examine
from modaxfer.runner.evaluation.shown import write_mistakes
from modaxfer.runner.evaluation.summary import assemble, write_predictions, write_validation
from modaxfer.runner.evaluation.tuned import with_tuning
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.plan import TrainedPlan

__all__ = ["conclude"]


def conclude(
    session: TaskSession,
    resolved: ResolvedTask,
    trained: TrainedPlan,
    decided: dict[str, Any],
    stages: Stages,
    folder: Path,
    tuning: Mapping[str, Any],
) -> Result:
    """Score a task and write what was predicted for it; what is beside the scores may fail, and is said.

    Args:
        session: With the trained model.
        resolved: The task.
        trained: What came of the plan.
        decided: What `modaxfer.runner.evaluation.decide` chose, as a result has it.
        stages: The run's clock.
        folder: Of what belongs to this task; written by the main process.
        tuning: What a search over the run's settings says; nothing where there was none.

    Returns:
        The task's result, not yet written.
    """
    with stages.stage("evaluate"):
        findings = examine(session, resolved)
        ablation, estimated = _ablation(session, resolved, findings), _estimates(session, resolved, findings)
        mapped = attempt("the feature map", partial(map_features, session, resolved, findings), session.warnings)
    main = session.accelerator.is_main_process
    if main:
        inputs = partial(write_mistakes, folder, session, resolved, findings)
        attempt("what the report shows of single rows", inputs, session.warnings)
        write_map(folder, mapped or {})
    training = dict(trained.told)
    result = assemble(session, resolved, findings, training, stages, trained.parameters, ablation, estimated)
    beside = partial(beside_scores, session, resolved, findings, decided)
    told = attempt("what is said beside the scores", beside, session.warnings) or decided
    result = replace(result, **told)
    result = replace(result, privacy=kept_private(session, resolved, findings, training, session.warnings))
    result = with_tuning(result, tuning, session, resolved, findings)
    if main:
        write_predictions(folder, session, resolved, findings.test, findings.asked)
        write_validation(folder, session, resolved, findings)
    return result


def _ablation(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    if len(resolved.towers) == 1:
        return {}
    parts = partial(ablate, session, resolved, findings)
    return attempt("what each part of a row is worth", parts, session.warnings) or {}


def _estimates(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, Any]:
    if session.source is None or not resolved.hidden:
        return {}
    guessed = partial(estimates, session, findings, session.warnings)
    return attempt("what can be said without labels", guessed, session.warnings) or {}
