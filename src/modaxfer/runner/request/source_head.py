"""The head of the run that an encoder comes from, where a plan takes it along: found, and refused where it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.contracts.source_head import no_source_head
from modaxfer.errors import RefusedError
from modaxfer.heads.build import build_head, reads_tokens
from modaxfer.heads.linear import LinearHead
from modaxfer.registry import load_target, problem_spec, registry
from modaxfer.runner.model.description import ModelDescription

if TYPE_CHECKING:
    from torch import nn

    from modaxfer.plan import Plan
    from modaxfer.runner.request.request import Request
    from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["find_source_head", "refuse_stage_head", "rehearsed_head"]

COMING = 3
"""Classes of a head that is made up while the source stage is still to come."""

ALLOWED = "a run, or a source stage, of one encoder on one task with one class per row"
FIX = "name such a run as --encoder, or such a task as --source-task; or leave the option out (co_tuning)"


def find_source_head(resolved: ResolvedTask, request: Request) -> ModelDescription | None:
    """Return the model of the run that the encoder comes from; None where the plan asks for none, or it is to come.

    Args:
        resolved: A task of the run.
        request: Of the run; with a source stage the head is that stage's, which is asked by `refuse_stage_head`.

    Raises:
        RefusedError: The encoder comes from no run, its weights are not that run's, or the head does not fit.
    """
    if not resolved.plan.source_head or request.before:
        return None
    encoder = resolved.towers[0].encoder
    if encoder.model is None or encoder.trained is None or resolved.config.weights == "random":
        random = resolved.config.weights == "random"
        got = "--weights random" if random else f"--encoder {resolved.config.encoder[0]}, which is no run"
        raise RefusedError(_needs(resolved.plan), got=got, allowed=ALLOWED, fix=FIX)
    run = encoder.model.parent.resolve()
    described = ModelDescription.read(run, trust_remote_code=resolved.config.trust_remote_code)
    if len(described.towers) > 1 or run != Path(encoder.trained["run"]):
        got = f"a run of several encoders or tasks: {encoder.trained['run']}"
        raise RefusedError(_needs(resolved.plan), got=got, allowed=ALLOWED, fix=FIX)
    _refuse_problem(resolved.plan, described.problem)
    ours, theirs = resolved.towers[0].readout, described.towers[0].readout
    if ours != theirs or reads_tokens(load_target(_target(described))):
        raise RefusedError(
            "the source's head reads other vectors than the task's head would",
            got=f"layers {', '.join(map(str, theirs.layers))}, {theirs.pooling}",
            allowed=f"layers {', '.join(map(str, ours.layers))}, {ours.pooling}",
            fix="set encoder.layer and encoder.pooling as the run had them, or name another run",
        )
    return described


def refuse_stage_head(stage: Sequence[ResolvedTask], plan: Plan) -> None:
    """Refuse a source stage without a head of classes where `plan` takes its head along.

    Raises:
        RefusedError: It has several tasks, or targets of another kind.
    """
    if not plan.source_head:
        return
    if len(stage) > 1:
        got = f"sources that are mixed: {', '.join(one.task_id for one in stage)}"
        raise RefusedError(_needs(plan), got=got, allowed=ALLOWED, fix=FIX)
    _refuse_problem(plan, stage[0].task.target.problem)


def rehearsed_head(resolved: ResolvedTask) -> nn.Module:
    """Return a head like the source's, with random numbers; while that is still to come, one of some classes.

    Raises:
        RefusedError: The plan asks for none.
    """
    if not resolved.plan.source_head:
        no_source_head()
    if resolved.source_head is None:
        return LinearHead(resolved.towers[0].width, COMING)
    return build_head(resolved.source_head.head)


def _target(described: ModelDescription) -> str:
    target: str = registry().get("head", str(described.head["kind"])).spec.target
    return target


def _refuse_problem(plan: Plan, problem: str) -> None:
    if problem_spec(problem).link != "softmax" or problem_spec(problem).ragged:
        got = f"a source with a {problem_spec(problem).name} target"
        raise RefusedError(_needs(plan), got=got, allowed=ALLOWED, fix=FIX)


def _needs(plan: Plan) -> str:
    names = sorted({term.name for phase in plan.phases for term in phase.losses} - {"supervised"})
    return f"the losses of this plan ({', '.join(names)}) take along the head of a source, with its classes"
