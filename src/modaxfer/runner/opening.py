"""From resolved tasks to sessions: encoders loaded once, bridges fitted, rows prepared, towers under their heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from modaxfer.contracts import Bridge, Processor, Readout, TrainedBridge
from modaxfer.data.clusters import clusters_of
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.load import load_encoder
from modaxfer.heads.build import head_of
from modaxfer.heads.objective import Objective
from modaxfer.runner.claims.origin import description
from modaxfer.runner.log import RunLog
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolve import ResolvedTask, TowerDescription
from modaxfer.runner.rows.cache import cache_key
from modaxfer.runner.rows.encode import Computer
from modaxfer.runner.rows.prepare import fitted_bridge, prepare
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages

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
        bridges = [
            [fitted_bridge(described, resolved, context.tell) for described in resolved.towers] for resolved in tasks
        ]
        processors = [
            [_processor(*each) for each in zip(resolved.towers, own, encoders, strict=True)]
            for resolved, own in zip(tasks, bridges, strict=True)
        ]
        prepared = [
            prepare(resolved, own, parts, context.progress, context.tell)
            for resolved, own, parts in zip(tasks, bridges, processors, strict=True)
        ]
    if first.plan.adapter is not None:
        for encoder in encoders:
            attach_adapter(encoder, first.plan.adapter)
    log = RunLog(context.log)
    computer = Computer(context.accelerator.device, first.config.precision)
    torch.manual_seed(first.config.seed)
    sessions = []
    for resolved, own, made in zip(tasks, bridges, prepared, strict=True):
        notes = [note if len(tasks) == 1 else f"{resolved.task_id}: {note}" for note in made.notes]
        context.warnings.extend(notes)
        for note in notes:
            context.progress.say(f"warning: {note}")
        objective = Objective.fit(
            resolved.task.target.problem, len(resolved.data.classes), resolved.data.targets["train"]
        )
        sessions.append(
            TaskSession(
                accelerator=context.accelerator,
                computer=computer,
                model=_model(resolved, own, encoders, objective.outputs).to(computer.device),
                processor=made.processor,
                splits=made.splits,
                objective=objective,
                metrics=resolved.metrics,
                primary=resolved.primary,
                train=resolved.options.train,
                batch_size=resolved.config.batch_size,
                seed=resolved.config.seed,
                groups=_groups(resolved),
                task_id=resolved.task_id,
                encoder=" + ".join(described.encoder.id for described in resolved.towers),
                bridges=tuple(own),
                weights_key=_weights_key(resolved, encoders, computer),
                log=log,
                progress=context.progress,
                warnings=context.warnings,
            )
        )
    return sessions


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


def _processor(described: TowerDescription, bridge: Bridge, encoder: Any) -> Processor:
    if isinstance(bridge, TrainedBridge):
        return bridge.processor()
    processor: Processor = encoder.processor(described.bridge.spec.sink)
    return processor


def _model(resolved: ResolvedTask, bridges: Sequence[Bridge], encoders: Sequence[Any], outputs: int) -> TransferModel:
    fusion = resolved.plan.fusion
    towers = [
        Tower(encoder, _readout(described), _embedder(bridge, encoder), fusion.segments if fusion is not None else 0)
        for described, bridge, encoder in zip(resolved.towers, bridges, encoders, strict=True)
    ]
    return TransferModel(
        towers, head_of(resolved.plan, [tower.width for tower in towers], outputs, resolved.options.train.dropout)
    )


def _embedder(bridge: Bridge, encoder: Any) -> nn.Module | None:
    return bridge.embedder(encoder.hidden_size) if isinstance(bridge, TrainedBridge) else None


def _readout(described: TowerDescription) -> Readout:
    options, depth = described.encoder_options, described.encoder.depth
    layer = depth if options.layer is None else options.layer
    return Readout(layers=(layer,), pooling=options.pooling or described.encoder.pooling)


def _weights_key(resolved: ResolvedTask, encoders: Sequence[Any], computer: Computer) -> str:
    """Return the hash under which frozen features may be kept on disk; empty where they depend on the seed."""
    hashes = [encoder.sha256 for encoder in encoders]
    if None in hashes or any(described.bridge.spec.trained for described in resolved.towers):
        return ""
    read_by = [
        (described.encoder.id, described.encoder.spec.target, description(described.encoder.folder))
        for described in resolved.towers
    ]
    return cache_key(version("modaxfer"), hashes, read_by, computer.precision, computer.device.type)


def _groups(resolved: ResolvedTask) -> np.ndarray | None:
    """Number the training rows that belong together; None where each stands alone."""
    clusters = clusters_of(resolved.data, resolved.task.splits, resolved.fields, "train")
    return None if clusters is None else clusters.numbers
