"""Where a run begins that goes on from another as a whole: with its head and bridge, its classes and its criterion."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Part
from modaxfer.registry import Entry, problem_name
from modaxfer.runner.model.description import ModelDescription, TowerDescription
from modaxfer.runner.request.options import Options
from modaxfer.runner.request.source import refuse_other_fields
from modaxfer.tasks.classes import read_class_map, refuse_unknown_classes

if TYPE_CHECKING:
    from modaxfer.encoders.checkpoints import ResolvedEncoder
    from modaxfer.plan import Plan
    from modaxfer.spec import Field, TaskSpec

__all__ = [
    "begun",
    "find_parent",
    "parent_classes",
    "refuse_headless",
    "refuse_no_parent",
    "refuse_other_options",
    "refuse_other_way",
]


def find_parent(config: RunConfig, strategy: Entry, encoder: ResolvedEncoder) -> ModelDescription | None:
    """Return the whole model that a run begins with; None where it takes the encoder alone, as most do.

    Args:
        config: The request.
        strategy: Says whether it goes on from a whole run.
        encoder: That of the request.

    Raises:
        RefusedError: It does, and the encoder is no run's; or the run has several encoders or tasks.
        DataError: The run's files are damaged.
    """
    if not strategy.spec.from_run or config.source_task:
        return None
    instead = ", or a labelled source with --source-task" if strategy.spec.adapts else ""
    if encoder.model is None or encoder.trained is None or config.weights == "random":
        random = config.weights == "random"
        raise RefusedError(
            f"strategy {strategy.name} goes on from a whole run: its encoder, head and classes",
            got="--weights random" if random else f"--encoder {config.encoder[0]}, which is no run",
            fix="leave --weights out" if random else f"name the folder of a finished run as --encoder{instead}",
        )
    run = encoder.model.parent.resolve()
    parent = ModelDescription.read(run, trust_remote_code=config.trust_remote_code)
    if len(parent.towers) > 1 or run != Path(encoder.trained["run"]):
        tasks = sorted(str(path) for path in run.parent.iterdir()) if len(parent.towers) == 1 else []
        raise RefusedError(
            f"strategy {strategy.name} goes on from a run of one encoder and one task",
            got=encoder.trained["run"],
            fix=f"name one of its tasks as --encoder: {', '.join(tasks)}" if tasks else "name another run as --encoder",
        )
    return parent


def parent_classes(
    parent: ModelDescription, task: TaskSpec, known: Sequence[str], config: RunConfig
) -> tuple[str, ...]:
    """Return the classes of a run in the order of its outputs, by the task's names.

    Args:
        parent: The run's model.
        task: What is asked for.
        known: Classes of the task's own training rows.
        config: May name a class map, ``CLASS OF THE RUN: CLASS OF THE TASK``.

    Raises:
        RefusedError: The run was trained for another kind of target, or the task has a class that it does not know.
        ConfigError: The class map does not fit them.
    """
    problem = problem_name(task.target.problem)
    if parent.problem != problem:
        raise RefusedError(
            "the run was trained for another kind of target than the task asks for",
            got=parent.problem,
            allowed=problem,
            fix="name another run as --encoder, or another task",
        )
    given: dict[str, str] = {}
    if config.map_classes is not None:
        given = {name: other for name, other in read_class_map(Path(config.map_classes).expanduser()).items() if other}
        refuse_unknown_classes(given, parent.classes, "the run")
        refuse_unknown_classes(given.values(), known, task.name)
    names = tuple(given.get(name, name) for name in parent.classes)
    doubled = sorted({name for name in names if names.count(name) > 1})
    strange = [name for name in known if name not in names]
    if doubled or strange:
        raise RefusedError(
            "several classes of the run would be one of the task" if doubled else "the run does not know all classes",
            got=", ".join(doubled or strange),
            allowed=", ".join(parent.classes),
            fix="say which is which with --map-classes FILE, a line `CLASS OF THE RUN: CLASS OF THE TASK` for each",
        )
    return names


def refuse_other_way(parent: ModelDescription, bridge: Entry, fields: Sequence[Field]) -> None:
    """Refuse rows that do not go the way of those that a run was trained on.

    Args:
        parent: The run's model.
        bridge: What the task's rows would take.
        fields: Of the task.

    Raises:
        RefusedError: It is another bridge, or one that is fitted to other fields.
    """
    (tower,) = parent.towers
    if bridge.id != tower.bridge.id:
        raise RefusedError(
            "the run was trained behind another bridge, and its head knows what came of that alone",
            got=bridge.id,
            allowed=tower.bridge.id,
            fix=f"add --bridge {tower.bridge.name}, or choose a task of the same kind of rows",
        )
    if tower.learned is not None:
        refuse_other_fields(bridge, tower.fields, fields)


def refuse_other_options(parent: ModelDescription, options: Options) -> Options:
    """Return `options` with those of encoder and bridge as the run had them.

    Raises:
        ConfigError: One is set otherwise.
    """
    (tower,) = parent.towers
    pairs = [("encoder", options.encoder, tower.encoder_options), *(
        ("bridge", own, tower.bridge_options) for own in options.bridges if tower.bridge_options is not None
    )]  # fmt: skip
    set_otherwise = [
        f"{group}.{item.name}={getattr(own, item.name)}"
        for group, own, before in pairs
        for item in dataclasses.fields(own)
        if getattr(own, item.name) not in (item.default, getattr(before, item.name))
    ]
    if set_otherwise:
        raise ConfigError(
            "encoder and bridge stay as the run had them, whose head is taken over",
            got=set_otherwise,
            fix="leave it out",
        )
    bridges: tuple[Any, ...] = tuple(
        own if tower.bridge_options is None else tower.bridge_options for own in options.bridges
    )
    return replace(options, encoder=tower.encoder_options, bridges=bridges)


def begun(parent: ModelDescription, described: TowerDescription) -> TowerDescription:
    """Return `described` with all that a run's head relies on: layout, readout, and what its bridge has learned."""
    (tower,) = parent.towers
    return replace(described, layout=tower.layout, readout=tower.readout, learned=tower.learned)


def refuse_no_parent(plan: Plan, parent: ModelDescription | None, strategy: Entry) -> None:
    """Refuse a plan that takes a head from nowhere.

    Raises:
        RefusedError: It does.
    """
    if plan.head_from_run and parent is None:
        raise RefusedError(
            f"the plan of strategy {strategy.id} goes on with the head of a run, and there is none",
            got=f"from_run={strategy.spec.from_run}",
            fix="set StrategySpec.from_run, and take a head over where PlanContext.from_run is set",
        )


def refuse_headless(plan: Plan, strategy: Entry) -> None:
    """Refuse a plan that leaves the head as it was drawn: its scores would be those of chance, and look like scores.

    Raises:
        RefusedError: It is such a plan.
    """
    parts = {part for phase in plan.phases for part in phase.parts}
    if plan.head_from_run or Part.HEAD in parts or any(phase.solver is not None for phase in plan.phases):
        return
    raise RefusedError(
        f"the plan of strategy {strategy.id} never trains the head",
        got=f"phases that move {', '.join(sorted(parts)) or 'nothing'}" if plan.phases else "no phases",
        allowed="a phase with Part.HEAD, or with a solver; or the head of a run",
        fix="correct the strategy, or choose another (`modaxfer list strategies`)",
    )
