"""A model in words: made from a resolved request, kept in a run as model.json, read back from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modaxfer.config import EncoderOptions, build
from modaxfer.contracts import PARTS, Bridge, Criterion, InputLayout, Processor, Readout, TrainedBridge
from modaxfer.encoders.checkpoints import ResolvedEncoder, resolve_stored
from modaxfer.encoders.runs import SCHEMA, description_of, read_description
from modaxfer.encoders.stored import StoredEncoder
from modaxfer.errors import ConfigError
from modaxfer.json_file import well_formed
from modaxfer.plan import AdapterSpec
from modaxfer.registry import Entry, load_target, problem_of, registry
from modaxfer.runner.model.bridge import build_bridge
from modaxfer.runner.model.decision import Decision
from modaxfer.runner.model.tower import vector_width
from modaxfer.spec import Field, Signal

__all__ = ["ModelDescription", "TowerDescription"]


@dataclass(frozen=True, kw_only=True)
class TowerDescription:
    """One encoder's way into a model: the fields it reads, the bridge from them, how it is fed and read out."""

    encoder: ResolvedEncoder
    """What it starts from; of a saved model what the run keeps of it."""
    encoder_options: EncoderOptions
    bridge: Entry
    bridge_options: Any
    fields: tuple[Field, ...]
    layout: InputLayout
    readout: Readout
    segments: int = 0
    """See `modaxfer.plan.Fusion.segments`."""
    adapter: AdapterSpec | None = None
    """What is attached to its layers."""
    learned: Mapping[str, Any] | None = None
    """State of a bridge that is fitted, once it is."""

    @property
    def width(self) -> int:
        """Size of the vector that it gives."""
        return vector_width(self.readout, self.encoder.hidden_size, self.segments)

    def build_bridge(self, root: Path | None) -> Bridge:
        """Return the bridge, with what it learned, for rows whose media lie below `root`.

        Raises:
            PluginFaultError: The bridge cannot be built, or is none.
            RefusedError: It does not take these fields.
        """
        target = self.bridge.spec.target
        return build_bridge(target, self.bridge_options, self.fields, self.layout, root, self.learned)

    def processor(self, bridge: Bridge, encoder: Any) -> Processor:
        """Return what prepares the bridge's raw values: its own processor, else that of `encoder`."""
        if isinstance(bridge, TrainedBridge):
            return bridge.processor()
        processor: Processor = encoder.processor(self.layout.kind)
        return processor

    def to_dict(self, stored: StoredEncoder) -> dict[str, Any]:
        """Return plain JSON types; `stored` is what the run keeps of the encoder."""
        adapter = self.adapter
        return {
            "encoder": stored.to_dict(),
            "encoder_options": vars(self.encoder_options),
            "bridge": {"id": self.bridge.id, "options": vars(self.bridge_options), "state": self.learned},
            "layout": vars(self.layout),
            "fields": [{"name": one.name, "kind": one.signal.kind, "unit": one.unit} for one in self.fields],
            "readout": asdict(self.readout),
            "segments": self.segments,
            "adapter": None if adapter is None else {**vars(adapter), "options": dict(adapter.options)},
        }

    @classmethod
    def of(cls, values: Mapping[str, Any], stored: StoredEncoder, *, trust_remote_code: bool) -> TowerDescription:
        """Return what `to_dict` described; `stored` is what the run keeps of the encoder.

        Raises:
            ValueError: A value is of the wrong kind; like a KeyError or a TypeError, it means damage.
            CheckpointUnavailableError: What the encoder was trained from cannot be had, and is needed.
        """
        bridge = registry().get("bridge", values["bridge"]["id"])
        options = bridge.spec.options
        _require(type(values["segments"]) is int and values["segments"] >= 0, "segments", values["segments"])
        described = cls(
            encoder=resolve_stored(stored, raw=not bridge.spec.trained, trust_remote_code=trust_remote_code),
            encoder_options=_encoder_options(values["encoder_options"]),
            bridge=bridge,
            bridge_options=load_target(options)(**_tuples(values["bridge"]["options"])) if options else None,
            fields=tuple(
                Field(name=one["name"], signal=Signal(kind=one["kind"]), unit=one["unit"]) for one in values["fields"]
            ),
            layout=InputLayout(**values["layout"]),
            readout=_readout(values["readout"]),
            segments=values["segments"],
            adapter=stored.adapter,
            learned=values["bridge"]["state"],
        )
        hash(described.fields)
        described.build_bridge(None)
        return described


@dataclass(frozen=True, kw_only=True)
class ModelDescription:
    """Everything that a model is made of, but its numbers."""

    towers: tuple[TowerDescription, ...]
    types: Mapping[str, Any]
    """By table field, how its cells are read: see `modaxfer.data.cells.readings.Reading`; in older runs only
    ``number`` or ``category``."""
    classes: tuple[str, ...]
    problem: str
    """Registered name of what the target asks for."""
    criterion: Criterion
    """How logits are learned and decoded."""
    head: Mapping[str, Any]
    """See `modaxfer.heads.build.head_config`; empty until the head is made."""
    precision: str
    decision: Decision = field(default_factory=Decision)
    """What is made of its outputs; of older runs nothing but the likeliest."""
    folder: Path | None = None
    """``RUN/model``, where the numbers of a saved model lie."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Checksum of each file there, by its path; older runs have none."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The typed input fields of all encoders, each once."""
        return tuple(dict.fromkeys(one for tower in self.towers for one in tower.fields))

    @property
    def partial(self) -> bool:
        """Whether it can do without some of its fields."""
        return len(self.towers) > 1

    def to_dict(self, stored: Sequence[StoredEncoder], files: Mapping[str, str]) -> dict[str, Any]:
        """Return plain JSON types.

        Args:
            stored: What the run keeps of each encoder.
            files: Checksum of each file of the model.
        """
        return {
            "towers": [tower.to_dict(kept) for tower, kept in zip(self.towers, stored, strict=True)],
            "types": self.types,
            "classes": list(self.classes),
            "criterion": {"problem": self.problem, **self.criterion.state()},
            "head": self.head,
            "precision": self.precision,
            "decision": self.decision.to_dict(),
            "files": files,
            "schema": SCHEMA,
        }

    @classmethod
    def read(cls, run: Path, *, trust_remote_code: bool = False) -> ModelDescription:
        """Read the description of the model in a run's folder, without its numbers.

        Raises:
            DataError: There is none, it is of another schema, or damaged.
            CheckpointUnavailableError: What an encoder was trained from cannot be had, and is needed.
            RefusedError: A checkpoint needs code of its own, and that is not allowed.
        """
        path, values = description_of(run), read_description(run)
        with well_formed(path):
            files = values.get("files") or {}
            _require(isinstance(files, Mapping) and _all([*files.values(), ""], str), "files", files)
            _require(values["towers"] != [], "towers", values["towers"])
            told = [
                (tower, StoredEncoder.of(path.parent / "towers" / str(place), tower, files))
                for place, tower in enumerate(values["towers"])
            ]
            problem = str(values["criterion"]["problem"])
            classes = _classes(values["classes"], values["criterion"])
            told_decision = values.get("decision")  # older runs have none
            described = cls(
                towers=tuple(TowerDescription.of(*each, trust_remote_code=trust_remote_code) for each in told),
                types=values["types"],
                classes=classes,
                problem=problem,
                criterion=problem_of(problem).restored(values["criterion"]),
                head=values["head"],
                precision=values["precision"],
                decision=Decision() if told_decision is None else Decision.of(told_decision, len(classes)),
                folder=path.parent,
                files=files,
            )
            _require(isinstance(described.precision, str), "precision", described.precision)
        return described


def _classes(names: Any, criterion: Mapping[str, Any]) -> tuple[str, ...]:
    count = criterion.get("classes", len(names))
    _require(type(count) is int, "criterion.classes", count)
    _require(names == [] or _all(names, str), "classes", names)
    _require(len(set(names)) == len(names) == count, "classes", names)
    return tuple(names)


def _readout(values: Mapping[str, Any]) -> Readout:
    layers, weights, pooling = (values[name] for name in ("layers", "weights", "pooling"))
    parts = values.get("parts", 0)  # older runs have none
    _require(_all(layers, int) and min(layers) >= 0, "readout.layers", layers)
    _require(_all(weights, int | float) and len(weights) == len(layers), "readout.weights", weights)
    _require(isinstance(pooling, str), "readout.pooling", pooling)
    if pooling not in PARTS:
        _encoder_options({"pooling": pooling})
    _require(type(parts) is int and (parts > 0) == (pooling in ("cells", "stretches")), "readout.parts", parts)
    return Readout(layers=tuple(layers), weights=tuple(weights), pooling=pooling, parts=parts)


def _encoder_options(values: Mapping[str, Any]) -> EncoderOptions:
    """Refuse what ``--set encoder.KEY=VALUE`` would, and what it would first have to convert."""
    try:
        made = build(EncoderOptions, values, where="encoder_options.")
    except ConfigError as error:
        raise ValueError(error.what) from None
    for name, value in values.items():
        _require(getattr(made, name) == value, f"encoder_options.{name}", value)
    return made


def _all(values: Any, kind: Any) -> bool:
    """Return whether `values` are a list of one or more of a kind."""
    return isinstance(values, list) and values != [] and all(isinstance(value, kind) for value in values)


def _require(condition: bool, name: str, value: object) -> None:
    if not condition:
        raise ValueError(f"{name} is {value!r}")


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as their dataclass holds them: JSON knows no tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
