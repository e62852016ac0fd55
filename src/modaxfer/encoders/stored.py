"""An encoder as a run keeps it: its checkpoint by name, and beside it the tensors that training moved."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.encoders.weight_files import sha256_of
from modaxfer.plan import AdapterSpec

if TYPE_CHECKING:
    import torch

__all__ = ["ADAPTER", "BASE", "TENSORS", "StoredEncoder", "stored_tensors"]

TENSORS, ADAPTER, BASE = "encoder.safetensors", "adapter.safetensors", "base"
"""In the folder of a tower: what moved of the encoder, its adapter, and the small files of its checkpoint."""

BEFORE = "before"
"""Where runs lie in the folder of a run that starts from them."""

DEPTH = 2
"""From ``RUN/model/towers/N`` to ``RUN``: place among the parents."""

TASKS = 2
"""From ``RUN/tasks/TASK``, which has a model of its own, to ``RUN``: so many folders up."""

_OLDER: dict[str, Any] = {"front": True, "pooling": ""}
"""What older runs do not say."""

_KINDS: dict[Any, tuple[str, ...]] = {
    str: ("id", "checkpoint", "pooling"),
    str | None: ("revision", "sha256"),
    bool: ("complete", "front"),
}
"""Of what kind the values of an encoder are."""


@dataclass(frozen=True, kw_only=True)
class StoredEncoder:
    """What a run's ``model.json`` says of one encoder, and where its tensors lie."""

    folder: Path
    """``MODEL/towers/N``; `TENSORS` and `ADAPTER` are there where there are any."""
    id: str
    """Full id of the registered encoder."""
    checkpoint: str
    """What it was trained from."""
    revision: str | None
    sha256: str | None
    """Hash of those weights; None where they were random."""
    complete: bool
    """Whether all its weights, or all but a front that it gave up, lie in the run."""
    front: bool = True
    """Whether it kept the part that raw input enters by."""
    pooling: str = ""
    """How the authors of its checkpoint pooled tokens; empty in older runs."""
    adapter: AdapterSpec | None = None
    top: int = 0
    """Highest layer that the run's head reads; what lies above never took part."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Checksum of each file of the run's model, by its path in it; older runs have none."""

    @classmethod
    def of(cls, folder: Path, tower: Mapping[str, Any], files: Mapping[str, str]) -> StoredEncoder:
        """Return what one of the ``towers`` of a ``model.json`` says.

        Args:
            folder: Of the tower.
            tower: Its values.
            files: Checksums of all files of the model.

        Raises:
            ValueError: A value is of the wrong kind; like a KeyError or a TypeError, it means damage.
        """
        told, adapter = tower["encoder"], tower["adapter"]
        for kind, names in _KINDS.items():
            for name in names:
                value = told.get(name, _OLDER[name]) if name in _OLDER else told[name]
                _require(isinstance(value, kind), f"encoder.{name}", value)
        layers = tower["readout"]["layers"]
        whole = isinstance(layers, list) and layers != [] and all(type(layer) is int for layer in layers)
        _require(whole, "readout.layers", layers)
        return cls(
            folder=folder,
            id=told["id"],
            checkpoint=_found(folder, told["checkpoint"]),
            revision=told["revision"],
            sha256=told["sha256"],
            complete=told["complete"],
            front=told.get("front", _OLDER["front"]),
            pooling=told.get("pooling", _OLDER["pooling"]),
            adapter=None if adapter is None else _adapter_of(adapter),
            top=max(layers),
            files=files,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what stands under ``encoder`` of a tower."""
        names = ("id", "revision", "sha256", "complete", "front", "pooling")
        return {"checkpoint": _named(self.folder, self.checkpoint), **{name: getattr(self, name) for name in names}}

    def needs_base(self, *, raw: bool) -> bool:
        """Return whether its checkpoint must be had to load it.

        Args:
            raw: Whether raw input has to be embedded.
        """
        return not self.complete or (raw and not self.front and self.sha256 is not None)

    def own_files(self) -> list[Path]:
        """Return the files of its tensors."""
        return [path for name in (TENSORS, ADAPTER) if (path := self.folder / name).is_file()]

    def identity(self) -> str | None:
        """Return the hash of its weights: that of its checkpoint where training moved nothing of it.

        Else the SHA-256 of the lines ``base HASH``, unless all is stored, ``NAME HASH`` for each file, and the
        adapter's options.
        """
        files = self.own_files()
        if not files:
            return self.sha256
        lines = [f"base {self.sha256}"] if self.needs_base(raw=True) else []
        lines += [f"{path.name} {sha256_of(path)}" for path in files]
        if self.adapter is not None:
            lines.append(json.dumps({**vars(self.adapter), "options": dict(self.adapter.options)}, sort_keys=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _named(folder: Path, checkpoint: str) -> str:
    """Return what a ``model.json`` calls a checkpoint: one that lies in the run goes where the run goes."""
    run = folder.resolve().parents[DEPTH]
    inside = [home for home in (run, *run.parents[:TASKS]) if Path(checkpoint).is_relative_to(home / BEFORE)]
    return os.path.relpath(checkpoint, run) if inside else checkpoint


def _found(folder: Path, checkpoint: str) -> str:
    """Return the checkpoint that a ``model.json`` calls so."""
    parts = Path(checkpoint).parts
    if BEFORE in parts and parts[: parts.index(BEFORE)] in ((), ("..",) * TASKS):
        return os.path.normpath(folder.resolve().parents[DEPTH] / checkpoint)
    return checkpoint


def _adapter_of(values: Mapping[str, Any]) -> AdapterSpec:
    """Return the adapter that a ``model.json`` describes."""
    made = AdapterSpec(**values)
    _require(isinstance(made.method, str) and isinstance(made.options, Mapping), "adapter", values)
    _require(all(isinstance(name, str) for name in made.targets), "adapter.targets", made.targets)
    return AdapterSpec(method=made.method, targets=tuple(made.targets), options=made.options)


def stored_tensors(encoder: Any, moved: set[int], *, everything: bool) -> tuple[dict[str, torch.Tensor], bool]:
    """Return the tensors to store, by the names they have without an adapter, and whether those are all there are.

    Args:
        encoder: Trained encoder.
        moved: Identities of all parameters that training moved.
        everything: Whether those that did not move are stored too.
    """
    from modaxfer.encoders.adapter_state import added_tensors

    adapter = {*encoder.adapter_parameters, *(f"layers.{name}" for name in added_tensors(encoder.layers))}
    state = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in encoder.state_dict(keep_vars=True).items()
        if name not in adapter
    }
    own = state if everything else {name: tensor for name, tensor in state.items() if id(tensor) in moved}
    return own, own.keys() >= state.keys()


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}")
