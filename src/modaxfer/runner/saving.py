"""A trained model to RUN/model: everything needed to predict; base weights by reference or inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from modaxfer.contracts import Bridge, FittedBridge
from modaxfer.data.cells.readings import Reading
from modaxfer.encoders.adapters import adapter_state
from modaxfer.encoders.runs import DESCRIPTION
from modaxfer.encoders.saving import copy_small_files
from modaxfer.encoders.stored import ADAPTER, BASE, TENSORS, StoredEncoder, stored_tensors
from modaxfer.encoders.tensor_files import checksums
from modaxfer.heads.build import head_config
from modaxfer.result import write_atomically
from modaxfer.runner.model.saved import SavedModel, SavedTower
from modaxfer.runner.request.resolve import ResolvedTask, TowerDescription
from modaxfer.runner.session import TaskSession
from modaxfer.runner.tensors import write_tensors

__all__ = ["save_model"]


def save_model(
    run: Path, session: TaskSession, resolved: ResolvedTask, trained: Mapping[str, torch.nn.Parameter]
) -> None:
    """Write the model of one task of a finished run; ``model/`` appears whole.

    Args:
        run: Folder of the run, or of the task inside it.
        session: With the trained model and its bridges.
        resolved: What was run.
        trained: All parameters that training moved, by name.
    """
    folder = run / ".model.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    moved = {id(parameter) for parameter in trained.values()}
    described = SavedModel(
        towers=tuple(
            _save_tower(folder / "towers" / str(place), tower, described, bridge, resolved, moved)
            for place, (tower, described, bridge) in enumerate(
                zip(session.model.towers, resolved.towers, session.bridges, strict=True)
            )
        ),
        types=_types(resolved),
        classes=resolved.data.classes,
        objective=session.objective.to_dict(),
        head=head_config(session.model.head),
        precision=session.computer.precision,
    )
    write_tensors(session.model.head.state_dict(), folder / "head.safetensors")
    described = replace(described, files=checksums(folder))
    write_atomically(folder / DESCRIPTION, json.dumps(asdict(described), indent=2) + "\n")
    # One from an earlier try of this run goes when the new one is in its place.
    before = run / ".model.old"
    shutil.rmtree(before, ignore_errors=True)
    if (run / "model").exists():
        (run / "model").rename(before)
    folder.replace(run / "model")
    shutil.rmtree(before, ignore_errors=True)


def _save_tower(
    folder: Path, tower: Any, described: TowerDescription, bridge: Bridge, resolved: ResolvedTask, moved: set[int]
) -> SavedTower:
    """Write one encoder's tensors below `folder` and return its description."""
    # Random weights are nowhere else to be had.
    everything = resolved.config.standalone or tower.encoder.sha256 is None
    own, complete = stored_tensors(tower.encoder, moved, everything=everything)
    if own:
        write_tensors(own, folder / TENSORS)
    adapter = resolved.plan.adapter
    if adapter is not None:
        write_tensors(adapter_state(tower.encoder), folder / ADAPTER)
    if tower.bridge is not None:
        write_tensors(tower.bridge.state_dict(), folder / "bridge.safetensors")
    copy_small_files(described.encoder.folder, folder / BASE)
    return SavedTower(
        encoder=StoredEncoder(
            folder=folder,
            id=described.encoder.id,
            checkpoint=described.encoder.checkpoint,
            revision=described.encoder.revision,
            sha256=tower.encoder.sha256,
            complete=complete,
            front=getattr(tower.encoder, "has_front", True),
            pooling=described.encoder.pooling,
        ).to_dict(),
        encoder_options=vars(described.encoder_options),
        bridge={
            "id": described.bridge.id,
            "options": vars(described.bridge_options),
            "state": bridge.state() if isinstance(bridge, FittedBridge) else None,
        },
        layout=vars(described.layout),
        fields=tuple({"name": field.name, "kind": field.signal.kind, "unit": field.unit} for field in described.fields),
        readout=asdict(tower.readout),
        segments=tower.segments,
        adapter=None if adapter is None else {**vars(adapter), "options": dict(adapter.options)},
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
