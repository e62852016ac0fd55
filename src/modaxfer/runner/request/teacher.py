"""A completed run as teacher: found, refused where it does not fit, and written into the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.augmentations.choice import find_augmentations
from modaxfer.config import RunConfig, TrainOptions
from modaxfer.errors import ConfigError, DataError, RefusedError
from modaxfer.plan import SUPERVISED, Labels, LossTerm, Part, Phase, Plan, Role, Stream, Together
from modaxfer.registry import problem_spec
from modaxfer.result import Result, require_folder
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.model.seen import SeenRows, seen_by_model
from modaxfer.spec import UNLABELLED, Field

__all__ = ["SPLITS", "TERM", "Teacher", "find_teacher", "taught"]

TERM = "teacher"
"""Name of the loss."""

SPLITS = ("train", UNLABELLED)
"""Whose rows a teacher is asked about."""

LINKS = ("softmax", "sigmoid")
"""How outputs become predictions where they can be softened."""


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A completed run whose model is asked about the rows of a task."""

    folder: Path
    described: ModelDescription
    order: tuple[int, ...]
    """Places of the task's classes among the teacher's outputs."""
    told: Mapping[str, Any]
    """``run``, ``task``, ``strategy``, ``encoder``, ``seed``, ``fingerprint``: what the result says of it."""
    seen: tuple[SeenRows, ...]
    """Training rows that it may have learned by heart."""


def find_teacher(config: RunConfig, problem: str, classes: Sequence[str], fields: Sequence[Field]) -> Teacher | None:
    """Return the teacher of a run; None where there is none.

    Args:
        config: The request.
        problem: Registered name of what the task asks for.
        classes: Of the task.
        fields: Of the task.

    Raises:
        DataError: It is no completed run of one task.
        RefusedError: Its classes, its problem or its fields are not the task's, or outputs cannot be softened.
    """
    if config.teacher is None:
        return None
    _refuse_company(config)
    folder = Path(config.teacher).expanduser()
    require_folder(folder)
    result = Result.load(folder)
    if result.status != "completed" or result.tasks:
        raise DataError(
            "a teacher is a completed run of one task",
            file=folder,
            got=f"a run of {len(result.tasks)} tasks" if result.tasks else f"a run that is {result.status}",
            fix="name one of the folders below its tasks/" if result.tasks else "finish it with --resume",
        )
    described = ModelDescription.read(folder, trust_remote_code=config.trust_remote_code)
    _refuse_other_question(described, problem, classes)
    _refuse_other_fields(described, fields)
    return Teacher(
        folder=folder,
        described=described,
        order=tuple(described.classes.index(name) for name in classes),
        told={
            "run": str(folder.resolve()),
            "task": result.task,
            "strategy": result.strategy,
            "encoder": result.encoder.get("id"),
            "seed": result.seed,
            "fingerprint": result.data["fingerprint"],
        },
        seen=tuple(seen_by_model(folder / "model", result.task, result.data["fingerprint"])),
    )


def taught(plan: Plan, teacher: Teacher | None, options: TrainOptions, *, unlabelled: bool = False) -> Plan:
    """Return `plan` with a loss towards the teacher's outputs beside its own, where it does not see to that itself.

    Every stream of the task's training rows is told what the teacher says of them, whether or not it shows labels. Rows
    without labels are a stream beside the others where the plan has none: a batch of them in each step, while an epoch
    is one pass over the first of its streams.

    Args:
        plan: Of the strategy.
        teacher: Of the run.
        options: ``teacher_share`` of the teacher in the loss, and its ``teacher_temperature``.
        unlabelled: Whether there are rows without labels that are to be learned from.

    Raises:
        RefusedError: The plan takes no steps, or rows are blended, of which a teacher has said nothing; or its streams
            ask for a teacher and there is none.
    """
    asking = [name for phase in plan.phases for name, stream in phase.streams.items() if stream.teacher]
    if teacher is None:
        if asking:
            raise RefusedError(
                "the plan of this strategy learns from a teacher, and there is none",
                got=f"streams {', '.join(asking)}",
                fix="name a completed run with --teacher",
            )
        return plan
    if all(phase.solver is not None for phase in plan.phases):
        raise RefusedError(
            "a head that is fitted in closed form learns nothing from a teacher",
            got=f"--teacher {teacher.folder}",
            fix="leave --teacher out, or choose a strategy that takes steps, such as lora",
        )
    _refuse_blends(plan)
    if asking:
        return plan
    if not any(_answers(plan, number) for number in range(len(plan.phases))):
        raise RefusedError(
            "no head is trained by steps, so that there are no outputs that could follow a teacher's",
            got=f"--teacher {teacher.folder}",
            fix="leave --teacher out, or choose another strategy, such as full",
        )
    term = LossTerm(
        name=TERM,
        target="modaxfer.losses.distillation:Distillation",
        options={
            "temperature": options.teacher_temperature,
            "link": problem_spec(teacher.described.problem).link,
        },
        weight=options.teacher_share,
    )
    answers = [_answers(plan, number) for number in range(len(plan.phases))]
    phases = (
        _with_term(_with_unlabelled(phase) if unlabelled else phase, term) if answering else phase
        for phase, answering in zip(plan.phases, answers, strict=True)
    )
    return replace(plan, phases=tuple(phases))


def _answers(plan: Plan, number: int) -> bool:
    """Return whether phase `number` takes steps with a head that says something: it, or one before, has trained it."""
    known = plan.head_from_run or any(Part.HEAD in phase.parts for phase in plan.phases[: number + 1])
    return known and plan.phases[number].solver is None


def _with_unlabelled(phase: Phase) -> Phase:
    """Return `phase` with a stream of the rows without labels, which none of its own losses takes."""
    if any(stream.split == UNLABELLED for stream in phase.streams.values()):
        return phase
    return replace(
        phase,
        streams={**phase.streams, UNLABELLED: Stream(split=UNLABELLED, labels=Labels.HIDDEN)},
        losses=tuple(each if each.rowless else replace(each, streams=phase.streams_of(each)) for each in phase.losses),
        mixing=Together(epoch=phase.drawn[0]),
    )


def _with_term(phase: Phase, term: LossTerm) -> Phase:
    own = [name for name, each in phase.streams.items() if each.role is Role.TARGET and each.split in SPLITS]
    if phase.solver is not None or not own:
        return phase
    share = float(term.weight) if isinstance(term.weight, float) else 0.0
    losses = [
        replace(each, weight=(1 - share) * each.weight)
        if each.target == SUPERVISED.target and isinstance(each.weight, (int, float))
        else each
        for each in phase.losses
    ]
    streams = {name: replace(each, teacher=name in own) for name, each in phase.streams.items()}
    return replace(phase, streams=streams, losses=(*losses, replace(term, streams=tuple(own))))


def _refuse_company(config: RunConfig) -> None:
    """Refuse what would let a teacher speak of other rows than those that it may."""
    beside = {
        "several tasks": len(config.task) > 1,
        "--source-task": bool(config.source_task),
        "--baseline labelled": "labelled" in config.baseline,
        "--folds, whose test rows it has been trained on": config.folds is not None,
    }
    if any(beside.values()):
        raise ConfigError(
            "--teacher does not go with " + ", ".join(what for what, there in beside.items() if there),
            got=f"--teacher {config.teacher}",
            fix="leave one of them out",
        )


def _refuse_other_question(described: ModelDescription, problem: str, classes: Sequence[str]) -> None:
    if problem_spec(problem).link not in LINKS or problem_spec(problem).ragged:
        raise RefusedError(
            f"outputs of a {problem_spec(problem).name} task cannot be softened, as distillation does",
            got="--teacher",
            allowed="tasks with one class per row, or several labels",
            fix="leave --teacher out",
        )
    if described.problem != problem or set(described.classes) != set(classes):
        raise RefusedError(
            "the teacher answers another question than the task asks",
            got=f"{described.problem} with classes {', '.join(described.classes[:10])}",
            allowed=f"{problem} with classes {', '.join(classes[:10])}",
            fix="choose a run with the same classes, or train one on this task",
        )


def _refuse_other_fields(described: ModelDescription, fields: Sequence[Field]) -> None:
    there = {(field.name, field.signal.kind) for field in fields}
    missing = [f"{field.name} ({field.signal.kind})" for field in described.fields
               if (field.name, field.signal.kind) not in there]  # fmt: skip
    if missing:
        raise RefusedError(
            "the teacher reads what the rows do not have",
            got=missing,
            allowed=[f"{name} ({kind})" for name, kind in sorted(there)],
            fix="name the columns as in the teacher's training, or choose another teacher",
        )


def _refuse_blends(plan: Plan) -> None:
    streams = [each for phase in plan.phases for each in phase.streams.values()]
    names = [name for each in streams for view in each.changes for name in view]
    blends = [one.spec.name for one in find_augmentations(names) if one.spec.level == "batch"]
    if blends:
        raise RefusedError(
            "two rows that are blended are none that a teacher has spoken of",
            got=[*dict.fromkeys(blends)],
            fix="leave these augmentations out, or --teacher",
        )
