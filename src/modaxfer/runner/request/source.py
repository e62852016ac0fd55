"""The source task of a run that adapts: found, refused where it does not fit, and read as the task itself is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.contracts import TaskData
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Plan, Role
from modaxfer.registry import Entry, registry
from modaxfer.runner.request.bounds import LABELLED
from modaxfer.runner.request.options import flatten
from modaxfer.spec import Field, TaskSpec
from modaxfer.tasks.classes import match_classes, read_class_map, with_classes
from modaxfer.tasks.unlabelled import find_unlabelled

__all__ = [
    "find_sources",
    "fit_classes",
    "refuse_alignment",
    "refuse_idle_stage",
    "refuse_other_bridge",
    "refuse_other_fields",
    "refuse_other_uses",
    "refuse_unlabelled",
]


def find_sources(config: RunConfig, strategy: Entry) -> tuple[tuple[str, TaskSpec], ...]:
    """Return id and spec of each source task.

    Raises:
        RefusedError: The strategy adapts and there is not one, or it fuses encoders and there is one.
        ConfigError: It is the task itself or named twice, or settings of a source are given and there is none.
        UnknownNameError: There is no such task.
    """
    if not config.source_task:
        _refuse_idle(config, from_run=strategy.spec.from_run)
    _refuse_number(config, strategy)
    entries = [registry().get("task", name) for name in config.source_task]
    targets = {registry().get("task", name).id for name in config.task}
    for place, entry in enumerate(entries):
        if entry.id in targets:
            raise ConfigError(
                "the source task is the task itself", got=entry.id, fix="name another --source-task, or leave it out"
            )
        if entry in entries[:place]:
            raise ConfigError("a source task is named twice", got=entry.id, fix="name it once")
    return tuple((entry.id, entry.spec) for entry in entries)


def _refuse_number(config: RunConfig, strategy: Entry) -> None:
    """Refuse none or several sources of a strategy that draws their rows itself, and any of one that fuses."""
    spec = strategy.spec
    instead = not config.source_task and (spec.from_run or spec.own_rows or config.unlabelled is not None)
    if spec.adapts and len(config.source_task) != 1 and not instead:
        raise RefusedError(
            f"strategy {strategy.name} carries over what it learns from a labelled source task",
            got=" and ".join(config.source_task) or "no source task",
            allowed="1",
            fix="name one with --source-task (`modaxfer list tasks`)"
            + (", or rows without labels with --unlabelled" if spec.unlabelled else "")
            if not config.source_task
            else "name one of them; strategies that do not adapt, such as --strategy full, learn several, one by one",
        )
    if config.source_task and spec.from_run and not spec.adapts:
        raise RefusedError(
            f"strategy {strategy.name} goes on from a whole run, which has learned its source",
            got=f"--source-task {config.source_task[0]}",
            fix="leave --source-task out; --encoder names the run",
        )
    if config.source_task and len(config.encoder) > 1:
        raise RefusedError(
            "a source task is learned before the task by one encoder",
            got=f"--source-task {config.source_task[0]} and {len(config.encoder)} encoders",
            fix="train each encoder on the source by itself, and name these runs as --encoder",
        )


def refuse_idle_stage(config: RunConfig, strategy: Entry) -> None:
    """Refuse options of a source stage where the strategy draws the source's rows beside the task's.

    Raises:
        ConfigError: There are such.
    """
    options = [key for key in flatten(config.set) if key.startswith("source.")]
    if options:
        raise ConfigError(
            f"strategy {strategy.name} learns source and task together: {options[0]} would do nothing",
            got=options,
            fix=f"leave {', '.join(options)} out",
        )


def refuse_unlabelled(config: RunConfig, strategy: Entry) -> None:
    """Refuse rows without labels where the strategy has no use for any, and such as are not there.

    Raises:
        RefusedError: It has none.
        UnknownNameError: They are neither a file nor a task.
    """
    if config.unlabelled is None:
        if LABELLED in config.baseline:
            raise ConfigError(
                "--baseline labelled says what rows without labels are worth, and there are none",
                got="--baseline labelled without --unlabelled",
                fix="name some with --unlabelled, or leave it out",
            )
        return
    # What a teacher says of rows takes the place of labels, whatever the strategy.
    if not strategy.spec.unlabelled and config.teacher is None:
        names = [entry.name for entry in registry().all("strategy") if entry.spec.unlabelled]
        raise RefusedError(
            f"strategy {strategy.name} learns from labelled rows alone",
            got=f"--unlabelled {config.unlabelled}",
            allowed=names,
            fix="leave --unlabelled out, or choose one of these strategies",
        )
    find_unlabelled(config.unlabelled)


def fit_classes(config: RunConfig, source: tuple[str, TaskData], target: tuple[str, TaskData]) -> TaskData:
    """Return the source's rows with the target's classes.

    Args:
        config: Names a class map where the lists differ.
        source: Name and rows of the source task.
        target: Name and rows of the task.

    Raises:
        RefusedError: The targets are of different kinds, or the class lists differ.
        ConfigError: The class map does not fit them.
    """
    kinds = [_kind(data.targets["train"]) for _, data in (source, target)]
    if kinds[0] != kinds[1]:
        raise RefusedError(
            f"the source task {source[0]} asks for something else than {target[0]}",
            got=f"{kinds[0]} of the source",
            allowed=kinds[1],
            fix="choose a source task whose targets are of the same kind",
        )
    given = None if config.map_classes is None else read_class_map(Path(config.map_classes).expanduser())
    if given is not None and not target[1].classes:
        raise ConfigError("--map-classes is for classes, and targets are numbers here", got=config.map_classes,
                          fix="leave it out")  # fmt: skip
    numbers = match_classes(source[1].classes, target[1].classes, given, (source[0], target[0]))
    return with_classes(source[1], target[1].classes, numbers)


def refuse_other_bridge(own: Entry, other: Entry) -> None:
    """Refuse a source whose rows do not go the target's way.

    Args:
        own: Bridge of the source.
        other: Bridge of the target.

    Raises:
        RefusedError: They are not the same.
    """
    if own.id != other.id:
        raise RefusedError(
            "source and target do not take the same bridge, so that what is learned on one is of no use to the other",
            got=f"{own.id} for the source",
            allowed=other.id,
            fix="choose a source task of the same kind of rows",
        )


def refuse_other_fields(bridge: Entry, own: Sequence[Field], other: Sequence[Field]) -> None:
    """Refuse fields that a bridge which is fitted to the source's rows does not know.

    Args:
        bridge: Of both tasks.
        own: Fields of the source.
        other: Fields of the target.

    Raises:
        RefusedError: They differ.
    """
    known, wanted = ([f"{field.name} ({field.signal.kind})" for field in each] for each in (own, other))
    if known != wanted:
        raise RefusedError(
            f"bridge {bridge.name} is fitted to the source's rows, and the target's have other fields",
            got=wanted,
            allowed=known,
            fix="name the columns alike, or choose an encoder that takes the rows as they are",
        )


def refuse_alignment(proxies: Sequence[object], strategy: Entry) -> None:
    """Refuse to align a bridge where labels are hidden.

    Args:
        proxies: What each bridge is aligned with, None where it is not.
        strategy: Hides them.

    Raises:
        RefusedError: One is aligned.
    """
    if any(proxy is not None for proxy in proxies):
        raise RefusedError(
            f"bridge.align groups rows by their labels, which strategy {strategy.name} does not see",
            got="bridge.align",
            fix="leave bridge.align out",
        )


def refuse_other_uses(plan: Plan, strategy: Entry) -> None:
    """Refuse a plan that does not do what its strategy's spec says, or needs labels that it hides.

    Args:
        plan: Of the strategy.
        strategy: Says whether it adapts.

    Raises:
        RefusedError: It is such a plan.
    """
    if plan.uses_source and not strategy.spec.adapts:
        raise RefusedError(
            f"the plan of strategy {strategy.id} draws rows of a source task, and its spec does not say so",
            got="adapts=False",
            fix="set StrategySpec.adapts",
        )
    if not plan.shows(Role.TARGET) and not plan.shows(Role.SOURCE) and not plan.head_from_run:
        raise RefusedError(
            f"the plan of strategy {strategy.id} sees no labels at all, so that nothing could be told apart",
            got="streams whose labels are hidden",
            allowed="at least one stream whose labels are given",
            fix="correct the strategy",
        )
    if plan.after and not plan.shows(Role.TARGET):
        raise RefusedError(
            f"strategy {strategy.name} ends in weight space by labels that it hides",
            got=[after.name for after in plan.after],
            fix="correct the plan of the strategy",
        )


def _refuse_idle(config: RunConfig, *, from_run: bool) -> None:
    if config.map_classes is not None and not from_run:
        raise ConfigError(
            "--map-classes without --source-task would do nothing",
            got=config.map_classes,
            fix="name the --source-task whose classes it maps, or leave it out",
        )
    options = [key for key in flatten(config.set) if key.startswith("source.")]
    if options:
        raise ConfigError(
            f"{options[0]} without --source-task would do nothing",
            got=options,
            fix="name the --source-task that is learned first, or leave it out",
        )


def _kind(targets: np.ndarray) -> str:
    if targets.dtype == object:
        return "several targets per row"
    if targets.ndim > 1:
        return "several labels per row"
    return "one class per row" if np.issubdtype(targets.dtype, np.integer) else "one number per row"
