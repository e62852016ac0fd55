"""Which augmentations a run uses: ``NAME[=STRENGTH]``, found and checked against its tasks by names alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.errors import ConfigError, RefusedError
from modaxfer.registry import problem_spec, registry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from modaxfer.registry import Entry
    from modaxfer.spec import AugmentationSpec, Change, TaskSpec

__all__ = ["Augmentation", "find_augmentations", "permitted", "refuse_forms", "refuse_tasks", "signals_of"]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A registered augmentation at a strength."""

    entry: Entry
    strength: float

    @property
    def spec(self) -> AugmentationSpec:
        """What it is."""
        spec: AugmentationSpec = self.entry.spec
        return spec

    def __str__(self) -> str:
        return f"{registry().shown(self.entry)}={self.strength:g}"


def find_augmentations(asked: Sequence[str]) -> tuple[Augmentation, ...]:
    """Return what ``NAME`` or ``NAME=STRENGTH`` stands for, each.

    Raises:
        UnknownNameError: No augmentation has this name.
        ConfigError: The strength is no number or out of range, or an augmentation is named twice.
    """
    found = [_found(text) for text in asked]
    ids = [one.entry.id for one in found]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"augmentation {twice} is named twice", got=list(asked), fix="name it once")
    return tuple(found)


def refuse_tasks(found: Sequence[Augmentation], tasks: Sequence[tuple[str, TaskSpec]]) -> None:
    """Refuse what no task has a field for, what a task forbids, and what moves parts that have targets of their own.

    Args:
        found: What `find_augmentations` returned.
        tasks: Id and spec of each task that is trained on.

    Raises:
        RefusedError: There is such an augmentation; names those that fit.
    """
    for one in found if tasks else ():
        concerned = [(name, task) for name, task in tasks if one.spec.signals & signals_of(task)]
        if not concerned:
            has = sorted(set().union(*(signals_of(task) for _, task in tasks)))
            raise RefusedError(
                f"augmentation {one.spec.name} is for {' and '.join(sorted(one.spec.signals))}",
                got=f"{' and '.join(name for name, _ in tasks)} has {' and '.join(has)}",
                allowed=_fitting(tasks) or "none",
                fix="choose another, or leave --augment out",
            )
        for name, task in concerned:
            _refuse_forbidden(one, name, task, tasks)
            _refuse_ragged(one, name, task, tasks)


def refuse_forms(found: Sequence[Augmentation], forms: Collection[str], encoders: int) -> None:
    """Refuse an augmentation of whole batches where what the encoders are given cannot be blended.

    Args:
        found: What `find_augmentations` returned.
        forms: Of the encoders' inputs: ``text``, ``patches`` ...
        encoders: How many there are.

    Raises:
        RefusedError: There is such an augmentation.
    """
    for one in found:
        if one.spec.level == "batch" and encoders > 1:
            raise RefusedError(
                f"augmentation {one.spec.name} blends what one encoder is given",
                got=f"{encoders} encoders",
                allowed="1",
                fix="name one --encoder with another strategy, or leave it out",
            )
        unfit = sorted(set(forms) - set(one.spec.needs)) if one.spec.needs else []
        if unfit:
            raise RefusedError(
                f"augmentation {one.spec.name} cannot change what the encoder is given",
                got=unfit,
                allowed=one.spec.needs,
                fix="leave it out, or choose an encoder or a --bridge that takes one of these",
            )


def permitted(spec: AugmentationSpec, task: TaskSpec) -> bool:
    """Return whether a task lets its rows be changed so: it is not forbidden, and parts with targets stay in place."""
    return not _crossed(spec, task.forbid) and _stays(spec, task)


def signals_of(task: TaskSpec) -> frozenset[str]:
    """Return the signal kinds of a task's fields; one that names no field is a table."""
    return frozenset(field.signal.kind for field in task.fields) or frozenset({"table"})


def _found(text: str) -> Augmentation:
    name, equals, value = text.partition("=")
    entry = registry().get("augmentation", name.strip())
    spec: AugmentationSpec = entry.spec
    if not equals:
        return Augmentation(entry=entry, strength=float(spec.strength))
    try:
        strength = float(value)
    except ValueError:
        strength = math.nan
    if not spec.least <= strength <= spec.most:
        raise ConfigError(
            f"augmentation {spec.name} cannot have this strength ({spec.meaning})",
            got=text,
            allowed=f"{spec.least:g} to {spec.most:g}",
            fix=f"write a number, or {spec.name} alone for {spec.strength:g}",
        )
    return Augmentation(entry=entry, strength=strength)


def _refuse_forbidden(one: Augmentation, name: str, task: TaskSpec, tasks: Sequence[tuple[str, TaskSpec]]) -> None:
    crossed = _crossed(one.spec, task.forbid)
    if crossed:
        raise RefusedError(
            f"task {name} forbids augmentation {one.spec.name}, after which its target could be another",
            got=f"{one.spec.name} may change: {', '.join(crossed)}",
            allowed=_fitting(tasks) or "none",
            fix="choose another, or leave --augment out",
        )


def _refuse_ragged(one: Augmentation, name: str, task: TaskSpec, tasks: Sequence[tuple[str, TaskSpec]]) -> None:
    if not _stays(one.spec, task):
        raise RefusedError(
            f"task {name} asks for an answer for each part of a row, and augmentation {one.spec.name} may move them",
            got=f"{one.spec.name} with a {task.target.problem} target",
            allowed=_fitting(tasks) or "none",
            fix="choose another, or leave --augment out",
        )


def _stays(spec: AugmentationSpec, task: TaskSpec) -> bool:
    return spec.in_place or not problem_spec(task.target.problem).ragged


def _crossed(spec: AugmentationSpec, forbid: Sequence[Change]) -> list[Change]:
    return [] if spec.heeds else [change for change in spec.changes if change in forbid]


def _fitting(tasks: Sequence[tuple[str, TaskSpec]]) -> list[str]:
    """Return the names of the augmentations that every task with such a field permits."""
    return [
        registry().shown(entry)
        for entry in registry().all("augmentation")
        if (own := [task for _, task in tasks if entry.spec.signals & signals_of(task)])
        and all(permitted(entry.spec, task) for task in own)
    ]
