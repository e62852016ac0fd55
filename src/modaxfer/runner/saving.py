"""A trained model to RUN/model: everything needed to predict; base weights by reference or inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from modaxfer.encoders.adapter_state import adapter_state
from modaxfer.encoders.runs import DESCRIPTION
from modaxfer.encoders.saving import copy_small_files
from modaxfer.encoders.stored import ADAPTER, BASE, TENSORS, StoredEncoder, stored_tensors
from modaxfer.encoders.tensor_files import checksums
from modaxfer.heads.build import head_config
from modaxfer.plan import Part
from modaxfer.result import write_atomically
from modaxfer.runner.model.build import BRIDGE, HEAD
from modaxfer.runner.model.description import TowerDescription
from modaxfer.runner.model.seen import FILE, SeenRows, packed, seen_before
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import TaskSession
from modaxfer.runner.tensors import write_tensors
from modaxfer.spec import UNLABELLED

__all__ = ["save_model", "seen_by"]

ENCODER = {Part.EMBEDDINGS, Part.BODY, Part.NORM, Part.ADAPTER}
"""Parts of an encoder."""


def save_model(
    run: Path,
    session: TaskSession,
    resolved: ResolvedTask,
    trained: Mapping[str, torch.nn.Parameter],
    seen: Sequence[SeenRows] = (),
) -> None:
    """Write the model of one task of a finished run; ``model/`` appears whole.

    Args:
        run: Folder of the run, or of the task inside it.
        session: With the trained model and its bridges.
        resolved: What was run.
        trained: All parameters that training moved, by name.
        seen: What the encoders have been trained on, see `seen_by`.
    """
    folder = run / ".model.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    moved = {id(parameter) for parameter in trained.values()}
    described = replace(
        session.described,
        # Where a solver chose the layers, it did so while it trained.
        towers=tuple(
            replace(tower, readout=trained_tower.readout)
            for tower, trained_tower in zip(session.described.towers, session.model.towers, strict=True)
        ),
        head=head_config(session.model.head),
        decision=session.decision,
    )
    stored = [
        _save_tower(folder / "towers" / str(place), made, tower, moved, standalone=resolved.config.standalone)
        for place, (made, tower) in enumerate(zip(session.model.towers, described.towers, strict=True))
    ]
    write_tensors(session.model.head.state_dict(), folder / HEAD)
    if seen:
        write_tensors({name: torch.from_numpy(rows.copy()) for name, rows in packed(seen).items()}, folder / FILE)
    values = described.to_dict(stored, checksums(folder))
    write_atomically(folder / DESCRIPTION, json.dumps(values, indent=2) + "\n")
    # One from an earlier try of this run goes when the new one is in its place.
    before = run / ".model.old"
    shutil.rmtree(before, ignore_errors=True)
    if (run / "model").exists():
        (run / "model").rename(before)
    folder.replace(run / "model")
    shutil.rmtree(before, ignore_errors=True)


def seen_by(tasks: Sequence[ResolvedTask]) -> list[SeenRows]:
    """Return the training rows that the encoders of a run of `tasks` have been trained on, here and before."""
    kept = {one.key: one for tower in tasks[0].towers for one in _before(tower, tasks[0])}
    kept |= {one.key: one for encoder in tasks[0].merged for one in seen_before(encoder)}
    moving = {part for phase in tasks[0].plan.phases if phase.epochs for part in phase.parts}
    # Of a head alone nothing is said of rows, but a private one has spent of what they bear.
    if moving & ENCODER or tasks[0].plan.privacy is not None:
        learned = [*tasks, *(task.source for task in tasks if task.source is not None)]
        now = [SeenRows.of(task.task_id, task.data.fingerprint, _learned(task)) for task in learned]
        taught = [one for task in tasks if task.teacher is not None for one in task.teacher.seen]
        kept = {one.key: one for one in taught} | kept | {one.key: one for one in now}
    return list(kept.values())


def _learned(task: ResolvedTask) -> Sequence[bytes] | None:
    """Return the digests of the rows that were trained on, with labels or without; of private ones none is kept."""
    digests = task.data.digests
    return None if task.plan.privacy is not None else [*digests["train"], *digests.get(UNLABELLED, ())]


def _before(tower: TowerDescription, resolved: ResolvedTask) -> list[SeenRows]:
    return seen_before(tower.encoder) if resolved.config.weights == "pretrained" else []


def _save_tower(
    folder: Path, made: Any, tower: TowerDescription, moved: set[int], *, standalone: bool
) -> StoredEncoder:
    """Write the numbers of one tower below `folder` and return what is kept of its encoder."""
    # Random weights are nowhere else to be had.
    own, complete = stored_tensors(made.encoder, moved, everything=standalone or made.encoder.sha256 is None)
    if own:
        write_tensors(own, folder / TENSORS)
    if tower.adapter is not None:
        write_tensors(adapter_state(made.encoder), folder / ADAPTER)
    if made.bridge is not None:
        write_tensors(made.bridge.state_dict(), folder / BRIDGE)
    copy_small_files(tower.encoder.folder, folder / BASE)
    return StoredEncoder(
        folder=folder,
        id=tower.encoder.id,
        checkpoint=tower.encoder.checkpoint,
        revision=tower.encoder.revision,
        sha256=made.encoder.sha256,
        complete=complete,
        front=getattr(made.encoder, "has_front", True),
        pooling=tower.encoder.pooling,
    )
