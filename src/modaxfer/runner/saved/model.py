"""RUN/model: everything needed to predict, in safetensors and JSON; base weights by reference or inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from modaxfer.config import EncoderOptions, build
from modaxfer.contracts import Bridge, FittedBridge, InputLayout, Processor, Readout, TrainedBridge
from modaxfer.data.cells.readings import Reading
from modaxfer.encoders.adapters import adapter_state, attach_adapter, load_adapter_state
from modaxfer.errors import ConfigError, DataError
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.objective import Objective
from modaxfer.json_file import read_json, well_formed
from modaxfer.plan import AdapterSpec
from modaxfer.registry import load_target, registry
from modaxfer.result import write_atomically
from modaxfer.runner.cells.resolve import Cell, Way
from modaxfer.runner.saved.encoder import base_encoder, copy_base, encoder_tensors
from modaxfer.runner.saved.place import DESCRIPTION, description_of
from modaxfer.runner.saved.weights import check_files, checksums, fill
from modaxfer.runner.session import Session
from modaxfer.runner.tensors import write_tensors
from modaxfer.runner.towers.joint import JointProcessor
from modaxfer.runner.towers.model import TransferModel
from modaxfer.runner.towers.tower import Tower
from modaxfer.spec import Field, Problem, Signal

__all__ = ["SavedModel", "SavedTower", "load_model", "objective_of", "save_model"]

SCHEMA = 2


@dataclass(frozen=True, kw_only=True)
class SavedTower:
    """What model.json says of one encoder's way."""

    encoder: Mapping[str, Any]
    """``id``, ``checkpoint``, ``revision``, ``sha256``, ``complete``: whether all its weights lie in the run."""
    encoder_options: Mapping[str, Any]
    bridge: Mapping[str, Any]
    """``id``, ``options`` and ``state``: what it learned from the training rows, None where it learns nothing."""
    layout: Mapping[str, Any]
    fields: tuple[Mapping[str, Any], ...]
    readout: Mapping[str, Any]
    segments: int
    adapter: Mapping[str, Any] | None

    def input_fields(self) -> tuple[Field, ...]:
        """Return the typed fields that this encoder reads."""
        return tuple(
            Field(name=item["name"], signal=Signal(kind=item["kind"]), unit=item["unit"]) for item in self.fields
        )

    def check(self) -> None:
        """Take every part apart once, as loading will: damage is told before weights are read."""
        _check_options(self.encoder_options)
        self.read_out()
        _require(isinstance(self.encoder["id"], str), "encoder.id", self.encoder["id"])
        _require(isinstance(self.encoder["checkpoint"], str | None), "encoder.checkpoint", self.encoder["checkpoint"])
        _require(type(self.segments) is int and self.segments >= 0, "segments", self.segments)
        hash(self.input_fields())
        self.build_bridge(None)
        if self.adapter is not None:
            AdapterSpec(**self.adapter)

    def read_out(self) -> Readout:
        """Return which layers the head reads, and how.

        Raises:
            ValueError: There are no such layers, weights or pooling.
        """
        layers, weights, pooling = (self.readout[item.name] for item in fields(Readout))
        _require(_all(layers, int) and min(layers) >= 0, "readout.layers", layers)
        _require(_all(weights, int | float) and len(weights) == len(layers), "readout.weights", weights)
        _require(isinstance(pooling, str), "readout.pooling", pooling)
        _check_options({"pooling": pooling})
        return Readout(layers=tuple(layers), weights=tuple(weights), pooling=pooling)

    def build_bridge(self, root: Path | None) -> Bridge:
        """Return the bridge, with what it learned, for rows whose media lie below `root`."""
        spec = registry().get("bridge", self.bridge["id"]).spec
        options = load_target(spec.options)(**_tuples(self.bridge["options"])) if spec.options else None
        layout = InputLayout(**self.layout)
        bridge: Bridge = load_target(spec.target)(options, self.input_fields(), layout, root)
        if isinstance(bridge, FittedBridge):
            bridge.restore(self.bridge["state"])
        return bridge


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """What RUN/model/model.json says."""

    towers: tuple[SavedTower, ...]
    types: Mapping[str, Any]
    """By table field, how its cells are read: see `modaxfer.data.cells.readings.Reading`; in older runs only
    ``number`` or ``category``."""
    classes: tuple[str, ...]
    objective: Mapping[str, Any]
    head: Mapping[str, Any]
    precision: str
    files: Mapping[str, str] = field(default_factory=dict)
    """Checksum of each file beside it, by its path; older runs have none."""
    schema: int = SCHEMA

    def input_fields(self) -> tuple[Field, ...]:
        """Return the typed input fields of all encoders, each once."""
        return tuple(dict.fromkeys(field for tower in self.towers for field in tower.input_fields()))

    @classmethod
    def read(cls, run: Path) -> SavedModel:
        """Read the description of the model in a run's folder.

        Raises:
            DataError: There is none, or it is of another schema.
        """
        path = description_of(run)
        values = read_json(path)
        if values.get("schema") != SCHEMA:
            raise DataError("model of another schema", file=path, got=values.get("schema"), allowed=SCHEMA)
        with well_formed(path):
            towers = tuple(
                SavedTower(**{item.name: one[item.name] for item in fields(SavedTower)}) for one in values["towers"]
            )
            saved = cls(
                **{"files": {}}
                | {item.name: values[item.name] for item in fields(cls) if item.name in values}
                | {"towers": towers}
            )
            saved.check()
        return saved

    def check(self) -> None:
        """Take every part apart once, as loading will."""
        for tower in self.towers:
            tower.check()
        problem = objective_of(self)
        _require(type(problem.classes) is int, "objective.classes", problem.classes)
        several = problem.problem is not Problem.REGRESSION
        classes = list(self.classes)
        _require(classes == [] or _all(self.classes, str), "classes", self.classes)
        _require(len(set(classes)) == len(classes) == (problem.classes if several else 0), "classes", self.classes)
        _require(isinstance(self.precision, str), "precision", self.precision)
        _require(isinstance(self.files, Mapping) and _all([*self.files.values(), ""], str), "files", self.files)


def _all(values: Any, kind: Any) -> bool:
    """Return whether `values` are a list of one or more of a kind."""
    return isinstance(values, list) and values != [] and all(isinstance(value, kind) for value in values)


def _check_options(values: Mapping[str, Any]) -> None:
    """Refuse what ``--set encoder.KEY=VALUE`` would, and what it would first have to convert."""
    try:
        made = build(EncoderOptions, values, where="encoder_options.")
    except ConfigError as error:
        raise ValueError(error.what) from None
    for name, value in values.items():
        _require(getattr(made, name) == value, f"encoder_options.{name}", value)


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}")


def save_model(run: Path, session: Session, cell: Cell, touched: Mapping[str, torch.nn.Parameter]) -> None:
    """Write the model of one task of a finished run; ``model/`` appears whole.

    Args:
        run: Folder of the run, or of the task inside it.
        session: With the trained model and its bridges.
        cell: What was run.
        touched: All parameters that training opened, by name.
    """
    folder = run / ".model.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    moved = {id(parameter) for parameter in touched.values()}
    described = SavedModel(
        towers=tuple(
            _save_tower(folder / "towers" / str(place), tower, way, bridge, cell, moved)
            for place, (tower, way, bridge) in enumerate(
                zip(session.model.towers, cell.ways, session.bridges, strict=True)
            )
        ),
        types=_types(cell),
        classes=cell.data.classes,
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


def load_model(run: Path, saved: SavedModel, *, trust_remote_code: bool = False) -> tuple[TransferModel, Processor]:
    """Return the model of a run, in evaluation mode, and its processor.

    Raises:
        CheckpointUnavailableError: The base weights cannot be had, or are not the ones the run was trained from.
        DataError: A file of the model is damaged.
        RefusedError: A checkpoint needs code of its own, and that is not allowed.
    """
    folder = run / "model"
    check_files(folder, saved.files)
    made = [
        _load_tower(folder / "towers" / str(place), tower, trust_remote_code)
        for place, tower in enumerate(saved.towers)
    ]
    with well_formed(description_of(run)):
        head = build_head(saved.head)
    fill(head.load_state_dict, folder / "head.safetensors")
    model = TransferModel([tower for tower, _ in made], head).eval()
    processors = [processor for _, processor in made]
    return model, processors[0] if len(processors) == 1 else JointProcessor(processors)


def objective_of(saved: SavedModel) -> Objective:
    """Return how logits are decoded."""
    return Objective.from_dict(saved.objective)


def _save_tower(folder: Path, tower: Any, way: Way, bridge: Bridge, cell: Cell, moved: set[int]) -> SavedTower:
    """Write one encoder's tensors below `folder` and return its description."""
    # Random weights are nowhere else to be had.
    everything = cell.config.standalone or tower.encoder.sha256 is None
    own, complete = encoder_tensors(tower.encoder, moved, everything=everything)
    if own:
        write_tensors(own, folder / "encoder.safetensors")
    adapter = cell.plan.adapter
    if adapter is not None:
        write_tensors(adapter_state(tower.encoder), folder / "adapter.safetensors")
    if tower.bridge is not None:
        write_tensors(tower.bridge.state_dict(), folder / "bridge.safetensors")
    copy_base(way.encoder.folder, folder / "base")
    return SavedTower(
        encoder={
            "id": way.encoder.id,
            "checkpoint": way.encoder.checkpoint,
            "revision": way.encoder.revision,
            "sha256": tower.encoder.sha256,
            "complete": complete,
        },
        encoder_options=vars(way.encoder_options),
        bridge={
            "id": way.bridge.id,
            "options": vars(way.bridge_options),
            "state": bridge.state() if isinstance(bridge, FittedBridge) else None,
        },
        layout=vars(way.layout),
        fields=tuple({"name": field.name, "kind": field.signal.kind, "unit": field.unit} for field in way.fields),
        readout=asdict(tower.readout),
        segments=tower.segments,
        adapter=None if adapter is None else {**vars(adapter), "options": dict(adapter.options)},
    )


def _load_tower(folder: Path, saved: SavedTower, trusted: bool) -> tuple[Tower, Processor]:
    encoder: Any = base_encoder(folder / "base", saved.encoder, saved.encoder_options, trust_remote_code=trusted)
    bridge = saved.build_bridge(None)
    trained = isinstance(bridge, TrainedBridge)
    module = bridge.embedder(encoder.hidden_size) if isinstance(bridge, TrainedBridge) else None
    processor = bridge.processor() if isinstance(bridge, TrainedBridge) else encoder.processor(saved.layout["kind"])
    if trained:
        encoder.drop_front()
    if (folder / "encoder.safetensors").is_file():
        fill(partial(encoder.load_state_dict, strict=False), folder / "encoder.safetensors")
    if saved.adapter is not None:
        attach_adapter(encoder, AdapterSpec(**saved.adapter))
        fill(partial(load_adapter_state, encoder), folder / "adapter.safetensors")
    if module is not None:
        fill(module.load_state_dict, folder / "bridge.safetensors")
    return Tower(encoder, saved.read_out(), module, saved.segments), processor


def _types(cell: Cell) -> dict[str, Any]:
    """Return how each table field is read, with the categories that the training rows have."""
    train = cell.data.splits["train"]
    tables = [field.name for field in cell.fields if field.signal.kind == "table"]
    found: dict[str, Any] = {}
    for name in tables:
        kind = "number" if train.features[name].dtype.startswith("float") else "category"
        reading = Reading.of(name, cell.data.types.get(name, kind))
        found[name] = reading.with_levels(train.unique(name)).to_dict() if kind == "category" else reading.to_dict()
    return found


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as their dataclass holds them: JSON knows no tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
