"""``--augment`` in a plan: transforms of the streams that are trained on, and refusals of those that do not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from modaxfer.augmentations.choice import Augmentation, find_augmentations, refuse_forms, refuse_tasks, signals_of
from modaxfer.errors import RefusedError
from modaxfer.plan import Phase, Plan, Role, Stream
from modaxfer.spec import TaskSpec

__all__ = ["augmented", "is_live"]

Tasks = Mapping[Role, Sequence[tuple[str, TaskSpec]]]
"""Ids and specs of the tasks of each role."""


def augmented(plan: Plan, asked: Sequence[str], tasks: Tasks, forms: Sequence[str], encoders: int) -> Plan:
    """Return `plan` with what the user asks for behind the transforms of each stream that is trained on.

    A stream whose task has no field that an augmentation is for goes without it.

    Args:
        plan: As the strategy wrote it.
        asked: ``NAME`` or ``NAME=STRENGTH``.
        tasks: Those that its streams may name.
        forms: Of the encoders' inputs.
        encoders: How many there are.

    Raises:
        UnknownNameError: There is no such augmentation.
        ConfigError: One cannot have this strength, or is named twice.
        RefusedError: One does not fit a stream's task, or what its encoder is given.
    """
    found = find_augmentations(asked)
    made = replace(plan, phases=tuple(_with(phase, found, tasks) for phase in plan.phases)) if found else plan
    for phase in made.phases:
        for stream in phase.streams.values() if phase.solver is None else ():
            own = find_augmentations(stream.transforms)
            refuse_forms(own, forms, encoders)
            refuse_tasks(own, _tasks_of(stream, tasks))
            _refuse_extras(own, stream)
    return made


def _tasks_of(stream: Stream, tasks: Tasks) -> Sequence[tuple[str, TaskSpec]]:
    """Return the stream's task; nothing where the run has none such, which is refused elsewhere."""
    return tasks[stream.role][stream.task : stream.task + 1]


def _refuse_extras(own: Sequence[Augmentation], stream: Stream) -> None:
    blends = [one.spec.name for one in own if one.spec.level == "batch"]
    if blends and stream.extras:
        raise RefusedError(
            "what a stream computes of each row says nothing of two rows blended",
            got=f"{', '.join(blends)} and {', '.join(extra.name for extra in stream.extras)}",
            fix=f"leave {' and '.join(blends)} out",
        )


def is_live(stream: Stream) -> bool:
    """Tell whether the rows of `stream` are made again in each epoch."""
    return stream.views > 1 or any(one.spec.level == "row" for one in find_augmentations(stream.transforms))


def _with(phase: Phase, found: Sequence[Augmentation], tasks: Tasks) -> Phase:
    if phase.solver is not None:
        return phase
    streams = {name: _transformed(stream, found, tasks) for name, stream in phase.streams.items()}
    return replace(phase, streams=streams)


def _transformed(stream: Stream, found: Sequence[Augmentation], tasks: Tasks) -> Stream:
    signals = frozenset[str]().union(*(signals_of(task) for _, task in _tasks_of(stream, tasks)))
    has = {one.entry.id for one in find_augmentations(stream.transforms)}
    more = [one for one in found if one.spec.signals & signals and one.entry.id not in has]
    return replace(stream, transforms=(*stream.transforms, *map(str, more)))
