"""``--augment`` in a plan: transforms of the streams that are trained on, and refusals of those that do not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from modaxfer.augmentations.choice import Augmentation, find_augmentations, refuse_forms, refuse_tasks
from modaxfer.augmentations.sets import spelled_out, suiting
from modaxfer.errors import RefusedError
from modaxfer.plan import Phase, Plan, Role, Stream, View
from modaxfer.spec import TaskSpec

__all__ = ["augmented", "blends", "is_live"]

Tasks = Mapping[Role, Sequence[tuple[str, TaskSpec]]]
"""Ids and specs of the tasks of each role."""


def augmented(plan: Plan, asked: Sequence[str], tasks: Tasks, forms: Sequence[str], encoders: int) -> Plan:
    """Return `plan` with what the user asks for behind the transforms of each stream, and sets spelled out.

    A stream whose task has no field that an augmentation is for goes without it.

    Args:
        plan: As the strategy wrote it.
        asked: ``NAME``, ``NAME=STRENGTH`` or a set, ``weak`` or ``strong``.
        tasks: Those that its streams may name.
        forms: Of the encoders' inputs.
        encoders: How many there are.

    Raises:
        UnknownNameError: There is no such augmentation.
        ConfigError: One cannot have this strength, or is named twice.
        RefusedError: One does not fit a stream's task, or what its encoder is given.
    """
    made = replace(plan, phases=tuple(_with(phase, asked, tasks) for phase in plan.phases))
    for phase in made.phases:
        for stream in phase.streams.values() if phase.solver is None else ():
            for own in map(find_augmentations, stream.changes):
                refuse_forms(own, forms, encoders)
                refuse_tasks(own, _tasks_of(stream, tasks))
            _refuse_blends(stream)
    return made


def _tasks_of(stream: Stream, tasks: Tasks) -> Sequence[tuple[str, TaskSpec]]:
    """Return the stream's task; nothing where the run has none such, which is refused elsewhere."""
    return tasks[stream.role][stream.task : stream.task + 1]


def _refuse_blends(stream: Stream) -> None:
    """Refuse a blend of two rows in one view alone, whose targets all views share, and where rows have extras."""
    of_views = [one.spec.name for view in stream.views for one in find_augmentations(view.transforms) if blends(one)]
    if of_views:
        raise RefusedError(
            "two rows are blended with their targets, so in all views or in none",
            got=f"{', '.join(of_views)} in one view",
            fix="name it in the transforms of the stream",
        )
    of_rows = [one.spec.name for one in find_augmentations(stream.transforms) if blends(one)]
    if of_rows and stream.extras:
        raise RefusedError(
            "what a stream computes of each row says nothing of two rows blended",
            got=f"{', '.join(of_rows)} and {', '.join(extra.name for extra in stream.extras)}",
            fix=f"leave {' and '.join(of_rows)} out",
        )


def blends(one: Augmentation) -> bool:
    """Tell whether an augmentation blends whole rows, instead of changing each by itself."""
    return one.spec.level == "batch"


def is_live(stream: Stream) -> bool:
    """Tell whether rows of `stream` are made again in each epoch."""
    return any(not blends(one) for changes in stream.changes for one in find_augmentations(changes))


def _with(phase: Phase, asked: Sequence[str], tasks: Tasks) -> Phase:
    if phase.solver is not None:
        return phase
    streams = {name: _transformed(stream, asked, tasks) for name, stream in phase.streams.items()}
    return replace(phase, streams=streams)


def _transformed(stream: Stream, asked: Sequence[str], tasks: Tasks) -> Stream:
    for name, task in _tasks_of(stream, tasks):
        own = spelled_out(stream.transforms, name, task)
        has = {one.entry.id for one in find_augmentations(own)}
        found = find_augmentations(spelled_out(suiting(asked, [task]), name, task))
        more = [one for one in found if one.entry.id not in has]
        has |= {one.entry.id for one in more}
        views = [_beside(spelled_out(view.transforms, name, task), has) for view in stream.views]
        stream = replace(stream, transforms=(*own, *map(str, more)), views=tuple(views))
    return stream


def _beside(transforms: Sequence[str], has: Collection[str]) -> View:
    """Return a view with those `transforms` that all views do not have already."""
    found = find_augmentations(transforms)
    return View(transforms=tuple(str(one) for one in found if one.entry.id not in has))
