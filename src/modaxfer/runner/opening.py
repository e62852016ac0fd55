"""From resolved cells to sessions: encoders loaded once, bridges fitted, rows prepared, towers under their heads."""

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
from modaxfer.runner.cells.resolve import Cell, Way
from modaxfer.runner.claims.origin import description
from modaxfer.runner.log import RunLog
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.cache import cache_key
from modaxfer.runner.rows.encode import Computer
from modaxfer.runner.rows.prepare import fitted_bridge, prepare
from modaxfer.runner.session import Session
from modaxfer.runner.stages import Stages
from modaxfer.runner.towers.model import TransferModel
from modaxfer.runner.towers.tower import Tower

__all__ = ["Surroundings", "open_sessions"]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
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


def open_sessions(cells: Sequence[Cell], around: Surroundings) -> list[Session]:
    """Return a session per cell, ready to be trained.

    Raises:
        CheckpointUnavailableError: An encoder's weights cannot be had.
        DataError: A row cannot be decoded.
    """
    first = cells[0]
    with around.stages.stage("load"):
        encoders = [_load(place, cells) for place in range(len(first.ways))]
    with around.stages.stage("prepare"), around.accelerator.main_process_first():
        bridges = [[fitted_bridge(way, cell, around.tell) for way in cell.ways] for cell in cells]
        processors = [
            [_processor(*each) for each in zip(cell.ways, own, encoders, strict=True)]
            for cell, own in zip(cells, bridges, strict=True)
        ]
        prepared = [
            prepare(cell, own, parts, around.progress, around.tell)
            for cell, own, parts in zip(cells, bridges, processors, strict=True)
        ]
    if first.plan.adapter is not None:
        for encoder in encoders:
            attach_adapter(encoder, first.plan.adapter)
    log = RunLog(around.log)
    computer = Computer(around.accelerator.device, first.config.precision)
    torch.manual_seed(first.config.seed)
    sessions = []
    for cell, own, made in zip(cells, bridges, prepared, strict=True):
        notes = [note if len(cells) == 1 else f"{cell.task_id}: {note}" for note in made.notes]
        around.warnings.extend(notes)
        for note in notes:
            around.progress.say(f"warning: {note}")
        objective = Objective.fit(cell.task.target.problem, len(cell.data.classes), cell.data.targets["train"])
        sessions.append(
            Session(
                accelerator=around.accelerator,
                computer=computer,
                model=_model(cell, own, encoders, objective.outputs).to(computer.device),
                processor=made.processor,
                splits=made.splits,
                objective=objective,
                metrics=cell.metrics,
                primary=cell.primary,
                train=cell.options.train,
                batch_size=cell.config.batch_size,
                seed=cell.config.seed,
                groups=_groups(cell),
                task_id=cell.task_id,
                encoder=" + ".join(way.encoder.id for way in cell.ways),
                bridges=tuple(own),
                weights_key=_weights_key(cell, encoders, computer),
                log=log,
                progress=around.progress,
                warnings=around.warnings,
            )
        )
    return sessions


def _load(place: int, cells: Sequence[Cell]) -> Any:
    """Load encoder number `place`; its front goes where every task enters behind it."""
    config, way = cells[0].config, cells[0].ways[place]
    encoder: Any = load_encoder(
        way.encoder,
        options=way.encoder_options,
        dropout=cells[0].options.train.dropout,
        pretrained=config.weights == "pretrained",
        seed=config.seed,
    )
    if all(cell.ways[place].bridge.spec.trained for cell in cells):
        encoder.drop_front()
    return encoder


def _processor(way: Way, bridge: Bridge, encoder: Any) -> Processor:
    if isinstance(bridge, TrainedBridge):
        return bridge.processor()
    processor: Processor = encoder.processor(way.bridge.spec.sink)
    return processor


def _model(cell: Cell, bridges: Sequence[Bridge], encoders: Sequence[Any], outputs: int) -> TransferModel:
    fusion = cell.plan.fusion
    towers = [
        Tower(encoder, _readout(way), _embedder(bridge, encoder), fusion.segments if fusion is not None else 0)
        for way, bridge, encoder in zip(cell.ways, bridges, encoders, strict=True)
    ]
    return TransferModel(
        towers, head_of(cell.plan, [tower.width for tower in towers], outputs, cell.options.train.dropout)
    )


def _embedder(bridge: Bridge, encoder: Any) -> nn.Module | None:
    return bridge.embedder(encoder.hidden_size) if isinstance(bridge, TrainedBridge) else None


def _readout(way: Way) -> Readout:
    options, depth = way.encoder_options, way.encoder.depth
    layer = depth if options.layer is None else options.layer
    return Readout(layers=(layer,), pooling=options.pooling or way.encoder.pooling)


def _weights_key(cell: Cell, encoders: Sequence[Any], computer: Computer) -> str:
    """Return the hash under which frozen features may be kept on disk; empty where they depend on the seed."""
    hashes = [encoder.sha256 for encoder in encoders]
    if None in hashes or any(way.bridge.spec.trained for way in cell.ways):
        return ""
    read_by = [(way.encoder.id, way.encoder.spec.target, description(way.encoder.folder)) for way in cell.ways]
    return cache_key(version("modaxfer"), hashes, read_by, computer.precision, computer.device.type)


def _groups(cell: Cell) -> np.ndarray | None:
    """Number the training rows that belong together; None where each stands alone."""
    clusters = clusters_of(cell.data, cell.task.splits, cell.fields, "train")
    return None if clusters is None else clusters.numbers
