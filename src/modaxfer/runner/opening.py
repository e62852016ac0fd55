"""From resolved tasks to sessions: encoders loaded once, bridges fitted, rows prepared, towers under their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.data.cells.readings import Reading
from modaxfer.data.clusters import clusters_of
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.load import load_encoder
from modaxfer.heads.build import head_of
from modaxfer.registry import problem_name
from modaxfer.runner.claims.start import description
from modaxfer.runner.log import RunLog
from modaxfer.runner.model.build import build_model, fill_model, one_processor
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.cache import cache_key
from modaxfer.runner.rows.encode import Computer
from modaxfer.runner.rows.prepare import fitted, prepare
from modaxfer.runner.rows.recipe import recipe_of
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.versions import version_of

__all__ = ["RunContext", "open_sessions"]


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What all sessions of a run share beside their encoders."""

    accelerator: Any
    stages: Stages
    progress: Progress
    warnings: list[str]
    log: Path | None
    """File that the run's log is written to; None in processes that write none."""

    def tell(self, warning: str) -> None:
        """Say a warning and keep it for the result, once."""
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.progress.say(f"warning: {warning}")


def open_sessions(tasks: Sequence[ResolvedTask], context: RunContext) -> list[TaskSession]:
    """Return a session per task, ready to be trained.

    Raises:
        CheckpointUnavailableError: An encoder's weights cannot be had.
        DataError: A row cannot be decoded.
    """
    first = tasks[0]
    with context.stages.stage("load"):
        encoders = [_load(place, tasks) for place in range(len(first.towers))]
    with context.stages.stage("prepare"), context.accelerator.main_process_first():
        models = [_described(resolved, first.config.precision, context) for resolved in tasks]
        bridges = [
            [tower.build_bridge(resolved.data.root) for tower in described.towers]
            for resolved, described in zip(tasks, models, strict=True)
        ]
        processors = [one_processor(described, own, encoders) for described, own in zip(models, bridges, strict=True)]
        prepared = [
            prepare(*each, context.progress, context.tell) for each in zip(tasks, models, processors, strict=True)
        ]
    if first.plan.adapter is not None:
        for encoder in encoders:
            attach_adapter(encoder, first.plan.adapter)
    log = RunLog(context.log, context.tell)
    computer = Computer(context.accelerator.device, first.config.precision)
    torch.manual_seed(first.config.seed)
    sessions = []
    for resolved, described, own, processor, made in zip(tasks, models, bridges, processors, prepared, strict=True):
        notes = [note if len(tasks) == 1 else f"{resolved.task_id}: {note}" for note in made.notes]
        context.warnings.extend(notes)
        for note in notes:
            context.progress.say(f"warning: {note}")
        hidden = [encoder.hidden_size for encoder in encoders]
        fresh = partial(_fresh_head, resolved, described.objective.outputs, hidden)
        model = build_model(described, own, encoders, fresh if resolved.parent is None else None)
        if resolved.parent is not None:
            fill_model(model, resolved.parent)
        sessions.append(
            TaskSession(
                accelerator=context.accelerator,
                computer=computer,
                model=model.to(computer.device),
                described=described,
                processor=processor,
                splits=made.splits,
                problem=described.problem,
                objective=described.objective,
                metrics=resolved.metrics,
                primary=resolved.primary,
                train=resolved.options.train,
                batch_size=resolved.config.batch_size,
                seed=resolved.config.seed,
                groups=_groups(resolved),
                task_id=resolved.task_id,
                encoder=" + ".join(described.encoder.id for described in resolved.towers),
                bridges=tuple(own),
                recipe=partial(recipe_of, resolved, described, processor),
                weights_key=_weights_key(resolved, encoders, computer),
                log=log,
                progress=context.progress,
                privacy=resolved.plan.privacy,
                warnings=context.warnings,
            )
        )
        if resolved.source is not None:
            sessions[-1].source = _source_session(sessions[-1], resolved.source, context)
    return sessions


def _source_session(session: TaskSession, source: ResolvedTask, context: RunContext) -> TaskSession:
    """Return a session of the source's rows around the very model of `session`: body, bridge and head are one."""
    with context.stages.stage("prepare"), context.accelerator.main_process_first():
        towers = tuple(fitted(tower, source, context.tell) for tower in source.towers)
        described = replace(session.described, towers=towers, types=_types(source))
        made = prepare(source, described, session.processor, context.progress, context.tell)
    for note in made.notes:
        context.tell(f"{source.task_id}: {note}")
    return replace(
        session,
        described=described,
        splits=made.splits,
        groups=_groups(source),
        task_id=source.task_id,
        bridges=tuple(tower.build_bridge(source.data.root) for tower in towers),
        recipe=partial(recipe_of, source, described, session.processor),
        layers={},
    )


def _load(place: int, tasks: Sequence[ResolvedTask]) -> Any:
    """Load encoder number `place`; its front goes where every task enters behind it."""
    config, described = tasks[0].config, tasks[0].towers[place]
    encoder: Any = load_encoder(
        described.encoder,
        options=described.encoder_options,
        dropout=tasks[0].options.train.dropout,
        pretrained=config.weights == "pretrained",
        seed=config.seed,
    )
    if all(resolved.towers[place].bridge.spec.trained for resolved in tasks):
        encoder.drop_front()
    return encoder


def _described(resolved: ResolvedTask, precision: str, context: RunContext) -> ModelDescription:
    """Return the model of a task, its bridges fitted and its head still to be made."""
    data, problem = resolved.data, resolved.task.target.problem
    return ModelDescription(
        towers=tuple(fitted(tower, resolved, context.tell) for tower in resolved.towers),
        types=_types(resolved),
        classes=data.classes,
        problem=problem_name(problem),
        objective=resolved.objective,
        head={} if resolved.parent is None else resolved.parent.head,
        precision=precision,
    )


def _types(resolved: ResolvedTask) -> dict[str, Any]:
    """Return how each table field is read, with the categories that the training rows have."""
    train = resolved.data.splits["train"]
    tables = [field.name for field in resolved.fields if field.signal.kind == "table"]
    found: dict[str, Any] = {}
    for name in tables:
        kind = "number" if train.features[name].dtype.startswith("float") else "category"
        reading = Reading.of(name, resolved.data.types.get(name, kind))
        found[name] = reading.with_levels(train.unique(name)).to_dict() if kind == "category" else reading.to_dict()
    return found


def _fresh_head(resolved: ResolvedTask, outputs: int, hidden: Sequence[int], widths: Sequence[int]) -> nn.Module:
    problem, dropout = resolved.task.target.problem, resolved.options.train.dropout
    return head_of(resolved.plan, problem, widths, outputs, dropout, hidden=hidden)


def _weights_key(resolved: ResolvedTask, encoders: Sequence[Any], computer: Computer) -> str:
    """Return the hash under which frozen features may be kept on disk; empty where they depend on the seed."""
    hashes = [encoder.sha256 for encoder in encoders]
    if None in hashes or any(described.bridge.spec.trained for described in resolved.towers):
        return ""
    read_by = [
        (described.encoder.id, described.encoder.spec.target, description(described.encoder.folder))
        for described in resolved.towers
    ]
    return cache_key(version_of("modaxfer"), hashes, read_by, computer.precision, computer.device.type)


def _groups(resolved: ResolvedTask) -> np.ndarray | None:
    """Number the training rows that belong together; None where each stands alone."""
    clusters = clusters_of(resolved.data, resolved.task.splits, resolved.fields, "train")
    return None if clusters is None else clusters.numbers
