"""Rows that the encoder has been trained on before: in this run for another task, or where it comes from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import permutations

from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.runner.model.seen import SeenRows, seen_before
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["known_rows"]

OTHERWISE = ", but not those of other seeds or folds: each of these says in its own result which test rows are known"


def known_rows(tasks: Sequence[ResolvedTask]) -> list[str]:
    """Return one line for each set of rows that should be new to the model and is not, or may not be.

    Args:
        tasks: The tasks of one run.
    """
    pairs = [*permutations(tasks, 2), *((resolved, resolved.source) for resolved in tasks if resolved.source)]
    notes = [note for ours, theirs in pairs for note in _shared(ours, theirs)]
    notes += [
        note
        for resolved in tasks
        if resolved.teacher is not None
        for seen in resolved.teacher.seen
        for note in _compared(resolved, f"the teacher {resolved.teacher.told['run']}", seen)
    ]
    encoders = [*(tower.encoder for tower in tasks[0].towers), *tasks[0].merged]
    if tasks[0].config.weights == "random":
        return notes
    return notes + [note for encoder in encoders for resolved in tasks for note in _before(resolved, encoder)]


def _shared(ours: ResolvedTask, theirs: ResolvedTask) -> list[str]:
    """Say so where the shared encoder is trained, for another task, on what this one is tested on."""
    count = _count(ours.data.digests["test"], set(theirs.data.digests["train"]))
    if not count:
        return []
    return [
        f"{count} test rows of {ours.task_id} have the same inputs as a training row of {theirs.task_id}, which trains"
        " the same encoder"
    ]


def _before(resolved: ResolvedTask, encoder: ResolvedEncoder) -> list[str]:
    """Say what of a task's rows the encoder was trained on in the runs before."""
    told = f"the encoder of {encoder.checkpoint}"
    return [note for seen in seen_before(encoder) for note in _compared(resolved, told, seen)]


def _compared(resolved: ResolvedTask, told: str, seen: SeenRows) -> list[str]:
    data = resolved.data
    if seen.same_rows(data.fingerprint):
        same = f"{told} was trained on the training rows of {resolved.task_id} before; the splits are the same"
        return [same + (OTHERWISE if resolved.config.seeds > 1 or resolved.config.folds else "")]
    if seen.digests is None:
        return [
            f"{told} was trained on {seen.task_id}, and no record of the rows was kept: whether test rows of"
            f" {resolved.task_id} were among them is not known"
        ]
    found = {
        f"{count} {split} rows": use
        for split, use in (("test", ""), ("validation", ", by which epochs and settings are chosen,"))
        if (count := _count(data.digests.get(split, ()), seen.digests))
    }
    return [
        f"{rows} of {resolved.task_id}{use} have the same inputs as a row of {seen.task_id} that {told} was trained on"
        for rows, use in found.items()
    ]


def _count(asked: Sequence[bytes], known: Collection[bytes]) -> str:
    """Return ``N of M``; nothing where there is none."""
    count = sum(digest in known for digest in asked)
    return f"{count:,} of {len(asked):,}" if count else ""
