"""Sets of augmentations, so that a strategy can name weak and strong changes without knowing what a row is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.augmentations.choice import Augmentation, find_augmentations, permitted, signals_of
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.spec import TaskSpec

__all__ = ["SETS", "STRONG", "WEAK", "spelled_out"]

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
    own.

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


def _fitting(which: str, name: str, task: TaskSpec) -> tuple[Augmentation, ...]:
    signals = signals_of(task)
    names = [one for signal, own in SETS[which].items() if signal in signals for one in own]
    found = tuple(one for one in find_augmentations(names) if permitted(one.spec, task))
    if which == STRONG and not found:
        forbidden = f", which forbids {', '.join(task.forbid)}" if task.forbid else ""
        raise RefusedError(
            f"no strong change suits the rows of task {name}{forbidden}",
            got=f"fields of {' and '.join(sorted(signals))}, a {task.target.problem} target",
            allowed=sorted({one.partition("=")[0] for own in SETS[STRONG].values() for one in own}),
            fix="choose a strategy that compares no weak with a strong view",
        )
    return found
