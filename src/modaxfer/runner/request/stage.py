"""The source stage of a request: the run on the source task, or tasks, that comes before the run it names.

It is an ordinary request, made from the main one: the same encoder and options, other rows. Of several source tasks the
last is the stage's own task and the others are its sources, so that they are learned one after the other; mixed ones
share the encoder in one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from modaxfer.augmentations.sets import suiting
from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part
from modaxfer.registry import Entry, registry
from modaxfer.runner.request.asked_scores import usual_scores
from modaxfer.runner.request.options import full_keys, options_class
from modaxfer.runner.request.request import Request, source_of
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.request.single import single
from modaxfer.spec import TaskSpec
from modaxfer.tasks.classes import match_classes, read_class_map

__all__ = ["refuse_idle_source", "refuse_known_tests", "refuse_other_map", "stage_config"]

STRATEGY, TOGETHER = "modaxfer/full", "modaxfer/multitask"
"""What a source is learned with where the run's own strategy leaves the encoder as it is; several mixed ones."""

ENCODER = {Part.EMBEDDINGS, Part.BODY, Part.NORM, Part.ADAPTER}

OWN = {"train.rates", "train.delta", "train.repeatable", "strategy.co_tuning"}
"""Options that are the main run's alone: its search over learning rates is over those of its own rows, what they are
protected by, and that the stage's own head is taken along."""

MOST_KNOWN = 0.5
"""Largest share of test rows that a source may have among its training rows; fewer are counted in a warning."""


def stage_config(resolved: ResolvedTask, request: Request, asked: RunConfig) -> RunConfig | None:
    """Return the request of the source stage, its folder not named; None where `asked` has none.

    Args:
        resolved: The task of the run, or the first of several.
        request: What `asked` names.
        asked: The request of the run, as it was made.

    Raises:
        RefusedError: The strategy of the stage takes other than one encoder, or adapts, or several sources are mixed
            and it takes one task.
    """
    if not request.before:
        return None
    options = resolved.options.source
    names = tuple(task_id for task_id, _ in request.before)
    mixed = options.mixed and len(names) > 1
    strategy = registry().get("strategy", options.strategy or _usual(resolved, mixed=mixed))
    own = strategy.id == resolved.strategy.id
    _refuse_strategy(strategy, mixed=mixed)
    learned = [task for _, task in request.before] if mixed else [request.before[-1][1]]
    return replace(
        single(asked),
        **_without_rows(),
        task=names if mixed else names[-1:],
        source_task=() if mixed else names[:-1],
        strategy=strategy.id,
        epochs=options.epochs or asked.epochs,
        batch_size=options.batch_size or asked.batch_size,
        learning_rate=options.learning_rate or (asked.learning_rate if own else None),
        limit=options.limit or asked.limit,
        seed=asked.seed if options.seed is None else options.seed,
        bridge=asked.bridge if _alike(learned, request) else None,
        augment=suiting(asked.augment, learned),
        set=_kept_options(resolved, asked, own=own, alike=_alike(learned, request)),
    )


def refuse_idle_source(stage: Sequence[ResolvedTask]) -> None:
    """Refuse a source stage that leaves the encoder as it is.

    Raises:
        RefusedError: It does.
    """
    moving = {part for phase in stage[0].plan.phases for part in phase.parts}
    if not moving & ENCODER:
        raise RefusedError(
            f"a source stage with strategy {stage[0].strategy.name} leaves the encoder as it is, so nothing of the"
            " source would reach the task",
            got=f"source.strategy={stage[0].strategy.name}",
            allowed="a strategy that moves the encoder, such as full or lora",
            fix="leave source.strategy out, or name another",
        )


def refuse_known_tests(stage: Sequence[ResolvedTask], tasks: Sequence[ResolvedTask]) -> None:
    """Refuse a source that has most of a task's test rows among its training rows.

    Raises:
        RefusedError: It has.
    """
    for resolved in tasks:
        asked = resolved.data.digests["test"]
        for source in stage:
            known = set(source.data.digests["train"])
            count = sum(digest in known for digest in asked)
            if count > MOST_KNOWN * len(asked):
                raise RefusedError(
                    f"most test rows of {resolved.task_id} are training rows of the source task {source.task_id}: their"
                    " score would show memory, not transfer",
                    got=f"{count:,} of {len(asked):,} test rows",
                    fix="choose another --source-task",
                )


def refuse_other_map(asked: RunConfig, stage: Sequence[ResolvedTask], tasks: Sequence[ResolvedTask]) -> None:
    """Refuse a class map that does not fit the source and the task; without one, they need not agree.

    Raises:
        ConfigError: It does not, or there are several sources or tasks.
        RefusedError: A class of the task is reached by none of the source.
    """
    if asked.map_classes is None:
        return
    if len(stage) > 1 or len(tasks) > 1:
        raise ConfigError(
            "--map-classes is for one source task and one task",
            got=[one.task_id for one in (*stage, *tasks)],
            fix="leave it out",
        )
    given = read_class_map(Path(asked.map_classes).expanduser())
    match_classes(stage[0].data.classes, tasks[0].data.classes, given, (stage[0].task_id, tasks[0].task_id))


def _usual(resolved: ResolvedTask, *, mixed: bool) -> str:
    moving = {part for phase in resolved.plan.phases for part in phase.parts}
    if mixed:
        return TOGETHER
    # A strategy that needs rows without labels has none of the source.
    return resolved.strategy.id if moving & ENCODER and not resolved.strategy.spec.unlabelled else STRATEGY


def _refuse_strategy(strategy: Entry, *, mixed: bool) -> None:
    spec = strategy.spec
    if spec.adapts or spec.many_encoders:
        why = "adapts to a task without labels" if spec.adapts else "fuses several encoders"
        raise RefusedError(
            f"a source stage cannot use strategy {strategy.name}, which {why}",
            got=f"source.strategy={strategy.name}",
            allowed="a strategy of one encoder and labelled rows, such as full or lora",
            fix="name another source.strategy",
        )
    if mixed and not spec.many_tasks:
        raise RefusedError(
            f"strategy {strategy.name} takes one task, and the sources are mixed",
            got=f"source.mixed=true source.strategy={strategy.name}",
            allowed="multitask, or another strategy of several tasks",
            fix="leave source.strategy out, or source.mixed: then they are learned one by one",
        )


def _without_rows() -> dict[str, Any]:
    """Return the settings that say which rows the main run takes, with values that say nothing."""
    usual = RunConfig()
    rows = (
        "data",
        "stream",
        "text",
        "image",
        "audio",
        "number",
        "ignore",
        "label",
        "group",
        "problem",
        "map_classes",
        "unlabelled",
    )
    division = ("folds", "fold", "shots", "episode")
    # What --private protects are the rows of the task: a source is public.
    own = ("private", "bound", "output", "standalone", "track")
    return {name: getattr(usual, name) for name in (*rows, *division, *own)} | usual_scores()


def _alike(learned: Sequence[TaskSpec], request: Request) -> bool:
    """Return whether rows of the sources are of the kinds that those of the task are, so that they go one way."""
    kinds = {source_of(task.fields) for task in (*learned, request.tasks[0][1])}
    return len(kinds) == 1


def _kept_options(resolved: ResolvedTask, asked: RunConfig, *, own: bool, alike: bool) -> Mapping[str, Any]:
    """Return the options of the run that are the source stage's, too."""
    bridges = [options_class(tower.bridge) for tower in resolved.towers]
    given = full_keys(asked.set, options_class(resolved.strategy), bridges)
    groups = {"train", "encoder", *(("strategy",) if own else ()), *(("bridge",) if alike else ())}
    return {key: value for key, value in given.items() if key.partition(".")[0] in groups and key not in OWN}
