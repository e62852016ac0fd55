"""From resolved tasks to sessions: encoders loaded once, bridges fitted, rows prepared, towers under their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Bridge, Processor
from modaxfer.data.cells.readings import Reading
from modaxfer.data.clusters import clusters_of
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.load import load_encoder
from modaxfer.heads.build import head_of
from modaxfer.registry import problem_name
from modaxfer.runner.claims.start import description
from modaxfer.runner.context import RunContext
from modaxfer.runner.log import RunLog
from modaxfer.runner.model.build import build_model, fill_model, load_head, one_processor
from modaxfer.runner.model.check import check_towers
from modaxfer.runner.model.description import ModelDescription
from modaxfer.runner.model.shards import cut_layers
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.runner.request.asked_scores import known_cost
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.cache import cache_key
from modaxfer.runner.rows.encode import Computer
from modaxfer.runner.rows.prepare import Prepared, fitted, prepare
from modaxfer.runner.rows.recipe import recipe_of
from modaxfer.runner.session import TaskSession
from modaxfer.runner.versions import version_of

__all__ = ["open_sessions"]


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What a task brings to its session, before any weight of its own."""

    resolved: ResolvedTask
    described: ModelDescription
    bridges: list[Bridge]
    processor: Processor
    rows: Prepared


def open_sessions(tasks: Sequence[ResolvedTask], context: RunContext) -> list[TaskSession]:
    """Return a session per task, ready to be trained.

    Raises:
        CheckpointUnavailableError: An encoder's weights cannot be had.
        DataError: A row cannot be decoded.
        PluginFaultError: An encoder or a bridge of a plugin does not return what it must.
    """
    first = tasks[0]
    with context.stages.stage("load"):
        encoders = [_load(place, tasks) for place in range(len(first.towers))]
    with context.stages.stage("prepare"), context.accelerator.main_process_first():
        parts = _parts(tasks, encoders, context)
    if first.plan.adapter is not None:
        for encoder in encoders:
            attach_adapter(encoder, first.plan.adapter)
    log = RunLog(context.log, context.tell, context.observed)
    computer = Computer(context.accelerator.device, first.config.precision)
    torch.manual_seed(first.config.seed)
    sessions = []
    for each in parts:
        notes = [note if len(tasks) == 1 else f"{each.resolved.task_id}: {note}" for note in each.rows.notes]
        context.warnings.extend(notes)
        for note in notes:
            context.progress.warn(note)
        model = _model(each, encoders)
        cut = cut_layers(model, each.resolved.plan.phases, computer.device) if context.sharded else None
        model.to(computer.device)
        _check_first_row(model, each, computer)
        session = _session(each, model, computer, log, _weights_key(each.resolved, encoders, computer), context)
        session.cut = cut
        if cut is not None:
            context.progress.say(f"{'shards':<11}{cut}")
        if each.resolved.source is not None:
            session.source = _source_session(session, each.resolved.source, context)
        sessions.append(session)
    return sessions


def _check_first_row(model: TransferModel, parts: _Parts, computer: Computer) -> None:
    rows = parts.rows.splits["train"].rows
    with computer.arithmetic():
        check_towers(model, computer.place(parts.processor.collate([rows[0]])))


def _parts(tasks: Sequence[ResolvedTask], encoders: Sequence[Any], context: RunContext) -> list[_Parts]:
    """Fit the bridges of every task, then prepare the rows of every task; all see the same encoders."""
    models = [_described(resolved, tasks[0].config.precision, context) for resolved in tasks]
    bridges = [
        [tower.build_bridge(resolved.data.root) for tower in described.towers]
        for resolved, described in zip(tasks, models, strict=True)
    ]
    processors = [one_processor(described, own, encoders) for described, own in zip(models, bridges, strict=True)]
    return [
        _Parts(
            resolved=resolved,
            described=described,
            bridges=own,
            processor=processor,
            rows=prepare(resolved, described, processor, context.progress, context.tell),
        )
        for resolved, described, own, processor in zip(tasks, models, bridges, processors, strict=True)
    ]


def _model(parts: _Parts, encoders: Sequence[Any]) -> TransferModel:
    """Return the task's model around the loaded encoders, with a fresh head or as its parent run had it."""
    resolved, described = parts.resolved, parts.described
    if resolved.parent is None:
        hidden = [encoder.hidden_size for encoder in encoders]
        fresh = partial(_fresh_head, resolved, described.criterion.outputs, hidden)
        return build_model(described, parts.bridges, encoders, fresh)
    model = build_model(described, parts.bridges, encoders, None)
    fill_model(model, resolved.parent)
    return model


def _session(
    parts: _Parts, model: TransferModel, computer: Computer, log: RunLog, weights_key: str, context: RunContext
) -> TaskSession:
    resolved, described = parts.resolved, parts.described
    return TaskSession(
        accelerator=context.accelerator,
        computer=computer,
        model=model,
        described=described,
        processor=parts.processor,
        splits=parts.rows.splits,
        problem=described.problem,
        criterion=described.criterion,
        metrics=resolved.metrics,
        primary=resolved.primary,
        cost=known_cost(resolved.config, resolved.task, resolved.data.classes),
        train=resolved.options.train,
        batch_size=resolved.config.batch_size,
        seed=resolved.config.seed,
        groups=_groups(resolved),
        task_id=resolved.task_id,
        encoder=" + ".join(tower.encoder.id for tower in resolved.towers),
        bridges=tuple(parts.bridges),
        recipe=partial(recipe_of, resolved, described, parts.processor),
        weights_key=weights_key,
        log=log,
        progress=context.progress,
        privacy=resolved.plan.privacy,
        source_head=None if resolved.source_head is None else load_head(resolved.source_head),
        warnings=context.warnings,
    )


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
        criterion=resolved.criterion,
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
