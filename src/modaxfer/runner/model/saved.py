"""RUN/model: everything needed to predict, in safetensors and JSON; base weights by reference or inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from modaxfer.config import EncoderOptions, build
from modaxfer.contracts import PARTS, Bridge, FittedBridge, InputLayout, Processor, Readout, TrainedBridge
from modaxfer.encoders.checkpoints import resolve_stored
from modaxfer.encoders.load import load_stored
from modaxfer.encoders.runs import SCHEMA, description_of, read_description
from modaxfer.encoders.stored import StoredEncoder
from modaxfer.encoders.tensor_files import check_files, fill
from modaxfer.errors import ConfigError
from modaxfer.heads.build import build_head
from modaxfer.heads.objective import Objective
from modaxfer.json_file import well_formed
from modaxfer.registry import load_target, registry
from modaxfer.runner.model.joint import JointProcessor
from modaxfer.runner.model.tower import Tower
from modaxfer.runner.model.transfer import TransferModel
from modaxfer.spec import Field, Problem, Signal

__all__ = ["SavedModel", "SavedTower", "load_model", "objective_of"]


@dataclass(frozen=True, kw_only=True)
class SavedTower:
    """What model.json says of one tower."""

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
        self.stored(Path(), {})
        _require(type(self.segments) is int and self.segments >= 0, "segments", self.segments)
        hash(self.input_fields())
        self.build_bridge(None)

    def stored(self, folder: Path, files: Mapping[str, str]) -> StoredEncoder:
        """Return the encoder, whose tensors lie in `folder`; `files` are checksums of the whole model's."""
        return StoredEncoder.of(folder, vars(self), files)

    def read_out(self) -> Readout:
        """Return which layers the head reads, and how.

        Raises:
            ValueError: There are no such layers, weights or pooling.
        """
        layers, weights, pooling = (self.readout[name] for name in ("layers", "weights", "pooling"))
        parts = self.readout.get("parts", 0)  # older runs have none
        _require(_all(layers, int) and min(layers) >= 0, "readout.layers", layers)
        _require(_all(weights, int | float) and len(weights) == len(layers), "readout.weights", weights)
        _require(isinstance(pooling, str), "readout.pooling", pooling)
        if pooling not in PARTS:
            _check_options({"pooling": pooling})
        _require(type(parts) is int and (parts > 0) == (pooling in ("cells", "stretches")), "readout.parts", parts)
        return Readout(layers=tuple(layers), weights=tuple(weights), pooling=pooling, parts=parts)

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
        values = read_description(run)
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
        _load_tower(tower, tower.stored(folder / "towers" / str(place), saved.files), trust_remote_code)
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


def _load_tower(saved: SavedTower, stored: StoredEncoder, trusted: bool) -> tuple[Tower, Processor]:
    bridge = saved.build_bridge(None)
    trained = isinstance(bridge, TrainedBridge)
    found = resolve_stored(stored, raw=not trained, trust_remote_code=trusted)
    encoder: Any = load_stored(found, options=EncoderOptions(**saved.encoder_options))
    module = bridge.embedder(encoder.hidden_size) if isinstance(bridge, TrainedBridge) else None
    processor = bridge.processor() if isinstance(bridge, TrainedBridge) else encoder.processor(saved.layout["kind"])
    if trained:
        encoder.drop_front()
    if module is not None:
        fill(module.load_state_dict, stored.folder / "bridge.safetensors")
    return Tower(encoder, saved.read_out(), module, saved.segments), processor


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as their dataclass holds them: JSON knows no tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
