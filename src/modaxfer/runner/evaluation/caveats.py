"""What a reader of the scores should know, and is known before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from modaxfer.encoders.own_code import naming_code
from modaxfer.plan import Part, Role
from modaxfer.runner.evaluation.chosen import validated_on
from modaxfer.runner.evaluation.known_rows import known_rows
from modaxfer.runner.evaluation.privacy import beyond_privacy
from modaxfer.runner.request.rates import USUAL
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["caveats"]


def caveats(tasks: Sequence[ResolvedTask]) -> list[str]:
    """Return one line per reservation: what the rows' sources say, weights that stay random, rows that tasks share.

    Args:
        tasks: The tasks of one run; they share encoders, strategy and plan.
    """
    notes = [note for resolved in tasks for note in resolved.data.warnings]
    notes += [note for resolved in tasks for note in beyond_privacy(resolved)]
    notes += _own_code(tasks[0])
    notes += _random_weights(tasks[0])
    notes += [note for resolved in tasks for note in _alignment(resolved)]
    notes += known_rows(tasks)
    notes += _nothing_shared(tasks)
    notes += _unread_layers(tasks[0])
    notes += _unusual_rates(tasks[0])
    notes += _unmeasured(tasks[0])
    notes += [note for resolved in tasks for note in _adapted(resolved)]
    return list(dict.fromkeys(notes))


def _own_code(resolved: ResolvedTask) -> list[str]:
    """Say so where code that came with a checkpoint was allowed to run."""
    brought = [
        described.encoder
        for described in resolved.towers
        if described.encoder.trust_remote_code and naming_code(described.encoder.folder)
    ]
    return [
        f"code that comes with {encoder.checkpoint} was run ({', '.join(naming_code(encoder.folder))} name it),"
        " as --trust-remote-code allows: modaxfer has not checked it"
        for encoder in brought
    ]


def _random_weights(resolved: ResolvedTask) -> list[str]:
    """Say so where a body stays at random: its features are no transfer."""
    moving = {part for phase in resolved.plan.phases for part in phase.parts}
    names = [
        described.encoder.spec.name
        for described in resolved.towers
        if resolved.config.weights == "random" or not described.encoder.spec.pretrained
    ]
    if not names or Part.BODY in moving:
        return []
    return [
        f"the body of {' and '.join(names)} is random and stays so: strategy {resolved.strategy.name} does not move it"
    ]


def _nothing_shared(tasks: Sequence[ResolvedTask]) -> list[str]:
    """Say so where a strategy of several tasks has one: no companion of a shared run could be told from it."""
    strategy = tasks[0].strategy
    if len(tasks) > 1 or not strategy.spec.many_tasks:
        return []
    return [
        f"strategy {strategy.name} shares an encoder between tasks, and there is one task: nothing is shared, and it"
        " trains as its strategy.underneath does alone; name a second --task to share"
    ]


def _unread_layers(resolved: ResolvedTask) -> list[str]:
    """Say so where layers are read that the run which trained the encoder did not read: nothing taught them to fit."""
    notes = []
    for tower in resolved.towers:
        stored = tower.encoder.stored
        if stored is None or resolved.config.weights == "random" or not stored.own_files():
            continue
        if stored.top < max(tower.readout.layers):
            notes.append(
                f"the run {tower.encoder.checkpoint} read layer {stored.top} of {tower.encoder.depth} and trained what"
                f" lies below it: the layers above were not trained with it (--set encoder.layer={stored.top} reads the"
                " same)"
            )
    return notes


def _unusual_rates(resolved: ResolvedTask) -> list[str]:
    """Say so where a learning rate is far from what its strategy and encoder have by themselves."""
    return [
        f"{name} {value:g} is {_times(value / default)} its default here, {default:g}: usual are"
        f" {default / USUAL:g} to {default * USUAL:g}; {_outcome(value / default)}"
        for name, (value, default) in resolved.rates_set.items()
        if not 1 / USUAL <= float(f"{value / default:.6g}") <= USUAL
    ]


def _times(factor: float) -> str:
    return f"{factor:,.0f} times" if factor > 1 else f"1/{1 / factor:,.0f} of"


def _outcome(factor: float) -> str:
    return (
        "steps so long may undo what was learned before"
        if factor > 1
        else "steps so short may end before much is learned"
    )


def _unmeasured(resolved: ResolvedTask) -> list[str]:
    """Say so where nothing tells what a teacher was good for."""
    if resolved.teacher is None:
        return []
    return [
        "what the teacher gained is not measured: the same command without --teacher is what this run has to beat, and"
        " the teacher itself what it may come up to"
    ]


def _alignment(resolved: ResolvedTask) -> list[str]:
    """Say what there is to know of the tasks that bridges are aligned with."""
    proxies = [proxy for proxy in resolved.proxies if proxy is not None]
    idle = ["bridges are aligned with the features of random weights, which mean little"]
    return [
        *(idle if proxies and resolved.config.weights == "random" else ()),
        *(f"proxy {proxy.task_id}: {note}" for proxy in proxies for note in proxy.data.warnings),
    ]


def _adapted(resolved: ResolvedTask) -> list[str]:
    """Say what there is to know of the task that is learned from, and whose labels chose the epoch."""
    source = resolved.source
    if source is None:
        return []
    peeked = resolved.hidden and Role.TARGET in validated_on(resolved.plan)
    return [
        *(f"source {source.task_id}: {note}" for note in source.data.warnings),
        *(
            [f"epochs are chosen by labels of {resolved.task_id}'s validation rows: this run is not without its labels"]
            if peeked
            else ()
        ),
    ]
