"""A plan's streams, losses and validators against the run's tasks: what cannot work is refused before weights load."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING

from modaxfer.augmentations.choice import find_augmentations
from modaxfer.contracts import StreamEncoder, StreamFacts, ValidatorContext
from modaxfer.contracts.stream_encoder import no_encoder
from modaxfer.encoders.load import outline
from modaxfer.errors import RefusedError
from modaxfer.losses.facts import facts_of
from modaxfer.losses.rehearse import rehearse_losses
from modaxfer.plan import Labels, Role
from modaxfer.registry import load_target, problem_spec
from modaxfer.runner.model.said import require_said
from modaxfer.runner.model.transfer import joint_width
from modaxfer.runner.request.augmented import blends
from modaxfer.runner.request.source_head import rehearsed_head
from modaxfer.validators.build import build_validator, needs_labels

if TYPE_CHECKING:
    from modaxfer.plan import Phase, Plan, Stream
    from modaxfer.registry import Entry
    from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["check_correction", "check_streams", "refuse_ends"]

Tasks = Mapping[tuple[Role, int], "ResolvedTask"]

FLAGS = {Role.TARGET: "--task", Role.SOURCE: "--source-task"}


def check_streams(tasks: Tasks) -> None:
    """Refuse streams of tasks that are not there, losses that fail, and validators that nothing shows a target.

    Args:
        tasks: All tasks of the run, by role and number; they share a plan.

    Raises:
        RefusedError: The plan cannot be carried out with these tasks.
        ConfigError: A loss or a validator does not take what it is given.
    """
    first = tasks[Role.TARGET, 0]
    for phase in first.plan.phases:
        for name, stream in phase.streams.items():
            _refuse_missing(f"phase {phase.name}", name, stream, tasks)
        if phase.solver is None:
            _refuse_blind(phase)
            _refuse_scaled(phase, first.config.precision)
            _refuse_parts(phase, tasks)
            _rehearse(phase, tasks)


def check_correction(tasks: Tasks) -> None:
    """Refuse a correction that cannot be fitted, or whose rows are not there.

    Args:
        tasks: All tasks of the run, by role and number; they share a plan.

    Raises:
        RefusedError: The plan cannot be carried out with these tasks.
        PluginError: Its code cannot be imported.
    """
    first = tasks[Role.TARGET, 0]
    correction = first.plan.correct
    if correction is None:
        return
    load_target(correction.target)
    several = [task.task_id for (role, _), task in tasks.items() if role is Role.TARGET]
    if len(several) > 1:
        raise RefusedError(f"correction {correction.name} is of one task", got=several, fix="name one --task")
    if problem_spec(first.task.target.problem).ragged:
        raise RefusedError(
            f"correction {correction.name} takes rows as wholes, and here each part of a row has a target",
            got=first.task_id,
            fix="choose another strategy, or a task with one target per row",
        )
    for name, stream in correction.streams.items():
        parent = first.parent if stream.role is Role.SOURCE else None
        if parent is not None and (stream.split, stream.labels) != ("validation", Labels.GIVEN):
            raise RefusedError(
                f"of the source a run has kept what it said of its validation rows, and correction {correction.name}"
                " asks for others",
                got=f"stream {name}: {stream.split}, labels {stream.labels}",
                allowed="validation, labels given",
                fix="correct the plan",
            )
        if parent is not None:
            require_said(parent)
        else:
            _refuse_missing(f"correction {correction.name}", name, stream, tasks)


def refuse_ends(plan: Plan, strategy: Entry) -> None:
    """Refuse to end in weight space what is not one task trained by gradient.

    Raises:
        RefusedError: The plan asks for it.
    """
    solved = bool(plan.phases) and plan.phases[-1].solver is not None
    several = bool(plan.phases) and len(plan.phases[-1].streams) > 1
    if plan.after and (solved or several):
        raise RefusedError(
            f"strategy {strategy.name} ends in weight space what is not one task trained by gradient",
            got=[after.name for after in plan.after],
            fix="correct the plan of the strategy",
        )


def _refuse_missing(who: str, name: str, stream: Stream, tasks: Tasks) -> None:
    if (stream.role, stream.task) in tasks:
        if stream.split not in tasks[stream.role, stream.task].data.splits:
            raise RefusedError(
                f"{who} draws stream {name} from split {stream.split}, and there is none",
                got=f"no {stream.split} rows",
                fix="name some with --unlabelled, or choose another strategy",
            )
        return
    there = [task.task_id for (role, _), task in tasks.items() if role is stream.role]
    raise RefusedError(
        f"{who} draws stream {name} from {stream.role} task {stream.task + 1}, and there is none",
        got=there or f"no {stream.role} task",
        fix=f"name one with {FLAGS[stream.role]}, or choose another strategy",
    )


def _refuse_blind(phase: Phase) -> None:
    needs = needs_labels(phase.validator)
    if not needs and phase.judged:
        raise RefusedError(
            f"the validator of phase {phase.name} is shown no targets, and the phase names streams to show it",
            got=f"{phase.validator}; judged: {', '.join(phase.judged)}",
            fix="correct the plan: leave `judged` out, or name a validator that needs labels",
        )
    if needs and not any(map(phase.judges, phase.streams)):
        labels = [f"{name} {stream.labels}" for name, stream in phase.streams.items()]
        raise RefusedError(
            f"the validator of phase {phase.name} needs targets, and no stream shows them",
            got=f"{phase.validator}; labels of {', '.join(labels)}",
            fix="correct the plan: name a validator that needs none, or a stream whose labels are given",
        )


def _refuse_scaled(phase: Phase, precision: str) -> None:
    """Refuse arithmetic whose gradients are scaled by a factor that follows them, where gradients are weighed."""
    if precision == "fp16" and hasattr(load_target(phase.combine.target), "weigh_gradients"):
        raise RefusedError(
            f"phase {phase.name} weighs the gradients of its losses one by one, which fp16 scales all together",
            got="precision fp16",
            allowed="fp32, bf16",
            fix="set --precision fp32 or bf16",
        )


def _refuse_parts(phase: Phase, tasks: Tasks) -> None:
    """Refuse what takes rows as wholes where a row has parts, each with a target of its own."""
    parted = {
        name
        for name, stream in phase.streams.items()
        if problem_spec(tasks[stream.role, stream.task].task.target.problem).ragged
    }
    joint = [f"joint loss {term.name}" for term in phase.losses if term.joint and parted & {*phase.streams_of(term)}]
    guessed = [f"predicted labels of {name}" for name in parted if phase.streams[name].labels is Labels.PREDICTED]
    if joint or guessed:
        raise RefusedError(
            f"phase {phase.name} takes rows as wholes, and here each part of a row has a target",
            got=[*joint, *guessed],
            allowed="losses that are not joint, labels that are given or hidden",
            fix="choose another strategy, or a task with one target per row",
        )


def _rehearse(phase: Phase, tasks: Tasks) -> None:
    facts = {name: _facts(stream, tasks[stream.role, stream.task]) for name, stream in phase.streams.items()}
    build_validator(phase.validator, ValidatorContext(streams=facts, seed=tasks[Role.TARGET, 0].config.seed))
    _rehearse_blends(phase, facts)
    first = tasks[Role.TARGET, 0]
    train = first.options.train
    rehearse_losses(
        phase,
        facts,
        seed=first.config.seed,
        class_weight=train.class_weight,
        label_smoothing=train.label_smoothing,
        encoder=lambda name: _outlined(name, tasks[phase.streams[name].role, phase.streams[name].task]),
        source_head=lambda: rehearsed_head(first),
    )


def _outlined(name: str, task: ResolvedTask) -> StreamEncoder:
    """Return the only encoder of a task without its weights.

    Raises:
        RefusedError: There are several.
    """
    if len(task.towers) > 1:
        no_encoder(name)
    (tower,) = task.towers
    return StreamEncoder(
        encoder=outline(tower.encoder, tower.encoder_options),
        sink=tower.bridge.spec.sink,
        kind=tower.fields[0].signal.kind,
        first=tower.encoder.spec.pooling == "cls",
        autocast=nullcontext,
    )


def _rehearse_blends(phase: Phase, facts: Mapping[str, StreamFacts]) -> None:
    """Ask for the mean of two targets wherever rows are blended: some problems have none."""
    for name, stream in phase.streams.items():
        targets, criterion = facts[name].targets, facts[name].criterion
        if targets is not None and any(map(blends, find_augmentations(stream.transforms))):
            criterion.soft(criterion.batch(targets[:2]))


def _facts(stream: Stream, task: ResolvedTask) -> StreamFacts:
    """Return what a rehearsal can know: sizes at plain pooled features."""
    widths = [tower.width for tower in task.towers]
    return facts_of(
        stream,
        task.criterion,
        problem_spec(task.task.target.problem).link,
        joint_width(widths),
        task.data.rows[stream.split],
        lambda: task.data.targets[stream.split],
    )
