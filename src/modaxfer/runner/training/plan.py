"""A plan carried out: weights of runs joined, phases trained at the best of the rates, a correction fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from modaxfer.plan import Role
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.correct import correct
from modaxfer.runner.training.merging import merge_runs
from modaxfer.runner.training.phases import PhaseSequence
from modaxfer.runner.training.rates import train_at_rates
from modaxfer.runner.training.streams import Sessions
from modaxfer.runner.training.validation import Validation

__all__ = ["TrainedPlan", "train_plan"]


@dataclass(frozen=True, kw_only=True)
class TrainedPlan:
    """What came of a plan; the models themselves are in the sessions."""

    told: Mapping[str, Any]
    """What a result says under ``training``."""
    parameters: dict[str, torch.nn.Parameter]
    """By name, what any phase has moved."""


def train_plan(
    tasks: Sequence[ResolvedTask], targets: Sequence[TaskSession], stages: Stages, folder: Path
) -> TrainedPlan:
    """Carry the plan of `tasks` out on their sessions.

    Args:
        tasks: As they were resolved; all share the plan.
        targets: A session of each.
        stages: The run's clock.
        folder: Of the run's checkpoints: a killed run goes on from there.
    """
    plan, first = tasks[0].plan, targets[0]
    sessions = {(Role.TARGET, number): session for number, session in enumerate(targets)}
    if first.source is not None:
        sessions[Role.SOURCE, 0] = first.source
    merged = _merge(sessions, tasks[0], stages) if plan.merge is not None else {}
    sequence = PhaseSequence(
        sessions=sessions, classes=[task.data.classes for task in tasks], after=plan.after, stages=stages
    )
    training = train_at_rates(sessions, plan.phases, sequence.train, folder, writes=first.accelerator.is_main_process)
    # A search that was finished before the run was killed has trained nothing in this process. Else all is noted, and
    # the layers that a solved head does not read cannot be opened again.
    for phase in () if sequence.trained else (phase for phase in plan.phases if phase.solver is None):
        sequence.note_trained(phase)
    told = {**training, **merged}
    if plan.correct is not None:
        with stages.stage("train"):
            told["correction"] = correct(sessions, plan.correct, tasks[0])
    return TrainedPlan(told=told, parameters=sequence.trained)


def _merge(sessions: Sessions, resolved: ResolvedTask, stages: Stages) -> dict[str, Any]:
    """Put the joined weights of the plan's runs into the model, and say what was joined, as ``merge``."""
    plan, session = resolved.plan, sessions[Role.TARGET, 0]
    assert plan.merge is not None, "asked above"
    with stages.stage("load"):
        validation = Validation(plan.phases[0], sessions, cached=False)
        told = merge_runs(session, plan.merge, resolved.merged, validation)
    # They are not the checkpoint's own features any more.
    session.weights_key, session.layers = "", {}
    session.progress.say(f"  merged {len(told['runs'])} runs by {told['method']}, scale {told['scale']:g}")
    return {"merge": told}
