"""Sets of augmentations, so that a strategy can name weak and strong changes without knowing what a row is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.augmentations.choice import (
    Augmentation,
    find_augmentations,
    permitted,
    refuse_tasks,
    signals_of,
)
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.spec import TaskSpec

__all__ = ["SETS", "STRONG", "WEAK", "refuse_asked", "spelled_out", "suiting"]

WEAK, STRONG = "weak", "strong"

SETS: dict[str, dict[str, tuple[str, ...]]] = {
    WEAK: {
        "image": ("modaxfer/flip", "modaxfer/crop=0.1"),
        "audio": ("modaxfer/shift=0.05",),
    },
    STRONG: {
        "text": ("modaxfer/drop-words=0.2", "modaxfer/swap-words=0.1"),
        "image": ("modaxfer/flip", "modaxfer/crop=0.1", "modaxfer/trivial-augment"),
        "audio": ("modaxfer/shift=0.05", "modaxfer/gain", "modaxfer/spec-augment"),
        "table": ("modaxfer/jitter=0.2", "modaxfer/drop-cells=0.2"),
    },
}
"""By signal, in the order in which they are applied. Texts and tables are weakly seen as they are: what little changes
them may change their target."""


def spelled_out(asked: Sequence[str], name: str, task: TaskSpec) -> tuple[str, ...]:
    """Return `asked` with the names of sets replaced by the augmentations in them that suit a task.

    Those are the ones for signals that the task has, less what it forbids and what moves parts with targets of their
    own; a task may bring strong ones itself, `TaskSpec.augment`.

    Args:
        asked: Augmentations as `find_augmentations` takes them, ``weak``, ``strong``.
        name: Of the task, for people.
        task: Whose rows are changed.

    Raises:
        RefusedError: Nothing is left of the strong ones, so that the two views would be alike.
    """
    made: list[str] = []
    for one in asked:
        made += map(str, _fitting(one, name, task)) if one in SETS else [one]
    return tuple(dict.fromkeys(made))


def suiting(asked: Sequence[str], tasks: Sequence[TaskSpec]) -> tuple[str, ...]:
    """Return what of `asked`, augmentations and sets, changes anything of one of `tasks`."""
    kinds = frozenset[str]().union(*map(signals_of, tasks))

    def suits(one: str) -> bool:
        if one in SETS:
            return any(_permitted(one, task) for task in tasks)
        (found,) = find_augmentations([one])
        return bool(found.spec.signals & kinds)

    return tuple(one for one in asked if suits(one))


def refuse_asked(asked: Sequence[str], tasks: Sequence[tuple[str, TaskSpec]]) -> None:
    """Refuse what a user asks for where it fits no task, is forbidden by one, or is a set with nothing for any.

    Args:
        asked: Augmentations as `find_augmentations` takes them, ``weak``, ``strong``.
        tasks: Id and spec of each task that is trained on.

    Raises:
        UnknownNameError: There is no such augmentation.
        ConfigError: One cannot have this strength, or is named twice.
        RefusedError: One does not fit.
    """
    refuse_tasks(find_augmentations([one for one in asked if one not in SETS]), tasks)
    for one in asked:
        if one in SETS and tasks and not any(_permitted(one, task) for _, task in tasks):
            raise RefusedError(
                f"no {one} change suits the rows of {' and '.join(name for name, _ in tasks)}",
                got=f"--augment {one}",
                fix=f"try --augment {STRONG}, or name augmentations: modaxfer list augmentations",
            )
    for _, task in tasks:
        # A change that is asked for by itself and stands in a set as well would be applied twice.
        find_augmentations([*(one for one in asked if one not in SETS), *_of_sets(asked, task)])


def _of_sets(asked: Sequence[str], task: TaskSpec) -> list[str]:
    found = [str(one) for which in asked if which in SETS for one in _permitted(which, task)]
    return list(dict.fromkeys(found))


def _permitted(which: str, task: TaskSpec) -> tuple[Augmentation, ...]:
    signals = signals_of(task)
    of_kinds = [one for signal, own in SETS[which].items() if signal in signals for one in own]
    names = task.augment if which == STRONG and task.augment else of_kinds
    return tuple(one for one in find_augmentations(names) if permitted(one.spec, task))


def _fitting(which: str, name: str, task: TaskSpec) -> tuple[Augmentation, ...]:
    found = _permitted(which, task)
    if which == STRONG and not found:
        forbidden = f", which forbids {', '.join(task.forbid)}" if task.forbid else ""
        raise RefusedError(
            f"no strong change suits the rows of task {name}{forbidden}",
            got=f"fields of {' and '.join(sorted(signals_of(task)))}, a {task.target.problem} target",
            allowed=sorted({one.partition("=")[0] for own in SETS[STRONG].values() for one in own}),
            fix="choose a strategy that compares no weak with a strong view",
        )
    return found
