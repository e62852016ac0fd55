"""RUN/model: everything needed to predict, in safetensors and JSON; base weights by reference or inside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Encoder, InputLayout, Processor, Readout
from modaxfer.encoders.adapters import adapter_state, attach_adapter, load_adapter_state
from modaxfer.encoders.body import Origin
from modaxfer.encoders.checkpoints import resolve
from modaxfer.encoders.load import configured, load_encoder
from modaxfer.errors import CheckpointUnavailableError, DataError
from modaxfer.heads.build import build_head, head_config
from modaxfer.heads.objective import Objective
from modaxfer.plan import AdapterSpec
from modaxfer.registry import load_target, registry
from modaxfer.result import write_atomically
from modaxfer.runner.model import TransferModel
from modaxfer.spec import Field, Signal

__all__ = ["SavedModel", "load_model", "objective_of", "save_model"]

DESCRIPTION = "model.json"
SCHEMA = 1
BASE_FILES = (".json", ".txt", ".model", ".tiktoken", ".jinja")
"""Endings of the small files that describe a base model: configs, vocabularies, tokenizers."""


@dataclass(frozen=True, kw_only=True)
class SavedModel:
    """What RUN/model/model.json says."""

    encoder: Mapping[str, Any]
    """``id``, ``checkpoint``, ``revision``, ``sha256``, ``complete``: whether all its weights lie in the run."""
    encoder_options: Mapping[str, Any]
    bridge: Mapping[str, Any]
    """``id`` and ``options``."""
    layout: Mapping[str, Any]
    fields: tuple[Mapping[str, Any], ...]
    types: Mapping[str, str]
    """Table columns: ``number`` or ``category``."""
    classes: tuple[str, ...]
    objective: Mapping[str, Any]
    readout: Mapping[str, Any]
    head: Mapping[str, Any]
    adapter: Mapping[str, Any] | None
    precision: str
    schema: int = SCHEMA

    def input_fields(self) -> tuple[Field, ...]:
        """Return the typed input fields."""
        return tuple(Field(name=item["name"], signal=Signal(kind=item["kind"])) for item in self.fields)

    def build_bridge(self, root: Path | None) -> Any:
        """Return the bridge for rows whose media lie below `root`."""
        spec = registry().get("bridge", self.bridge["id"]).spec
        options = load_target(spec.options)(**self.bridge["options"]) if spec.options else None
        return load_target(spec.target)(options, self.input_fields(), InputLayout(**self.layout), root)

    @classmethod
    def read(cls, run: Path) -> SavedModel:
        """Read the description of the model in a run's folder.

        Raises:
            DataError: There is none, or it is of another schema.
        """
        path = run / "model" / DESCRIPTION
        if not path.is_file():
            raise DataError("no trained model here", file=run, fix="name a folder that `modaxfer train` wrote")
        values = json.loads(path.read_text(encoding="utf-8"))
        if values.get("schema") != SCHEMA:
            raise DataError("model of another schema", file=path, got=values.get("schema"), allowed=SCHEMA)
        return cls(**{item.name: values[item.name] for item in fields(cls)})


def save_model(
    run: Path, model: TransferModel, saved: Mapping[str, Any], touched: Collection[str], *, base: Path, standalone: bool
) -> None:
    """Write the model of a finished run; ``model/`` appears whole.

    Args:
        run: Folder of the run.
        model: Trained model.
        saved: Fields of `SavedModel` that the model itself does not know.
        touched: Names of all parameters that training opened.
        base: Folder with the base checkpoint's small files.
        standalone: Store all of the encoder's weights.
    """
    folder = run / ".model.tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = _encoder_tensors(model, touched, everything=standalone)
    complete = own.keys() >= _plain_state(model).keys()
    if own:
        _write(own, folder / "encoder.safetensors")
    if saved["adapter"] is not None:
        _write(adapter_state(model.encoder), folder / "adapter.safetensors")
    _write(model.head.state_dict(), folder / "head.safetensors")
    _copy_base(base, folder / "base")
    described = SavedModel(
        **{
            **saved,
            "encoder": {**saved["encoder"], "complete": complete},
            "readout": asdict(model.readout),
            "head": head_config(model.head),
        }
    )
    write_atomically(folder / DESCRIPTION, json.dumps(asdict(described), indent=2) + "\n")
    shutil.rmtree(run / "model", ignore_errors=True)
    folder.replace(run / "model")


def load_model(run: Path, saved: SavedModel) -> tuple[TransferModel, Processor]:
    """Return the model of a run, in evaluation mode, and its processor.

    Raises:
        CheckpointUnavailableError: The base weights cannot be had, or are not the ones the run was trained from.
    """
    folder = run / "model"
    encoder: Any = _base_encoder(folder, saved)
    own = folder / "encoder.safetensors"
    if own.is_file():
        encoder.load_state_dict(load_file(own), strict=False)
    if saved.adapter is not None:
        attach_adapter(encoder, AdapterSpec(**saved.adapter))
        load_adapter_state(encoder, load_file(folder / "adapter.safetensors"))
    head = build_head(saved.head)
    head.load_state_dict(load_file(folder / "head.safetensors"))
    kept = saved.readout
    readout = Readout(layers=tuple(kept["layers"]), weights=tuple(kept["weights"]), pooling=kept["pooling"])
    return TransferModel(encoder, head, readout).eval(), encoder.processor(saved.layout["kind"])


def objective_of(saved: SavedModel) -> Objective:
    """Return how logits are decoded."""
    return Objective.from_dict(saved.objective)


def _base_encoder(folder: Path, saved: SavedModel) -> Encoder:
    options = EncoderOptions(**saved.encoder_options)
    if saved.encoder["complete"]:
        from transformers import AutoConfig

        config = configured(AutoConfig.from_pretrained(folder / "base", local_files_only=True), 0.0)
        target = load_target(registry().get("encoder", saved.encoder["id"]).spec.target)
        built: Encoder = target.from_config(config, origin=Origin(folder=folder / "base", options=options))
        return built
    resolved = resolve(
        saved.encoder["checkpoint"],
        revision=saved.encoder["revision"] if "==" not in str(saved.encoder["revision"]) else None,
    )
    encoder: Any = load_encoder(resolved, options=options)
    if encoder.sha256 != saved.encoder["sha256"]:
        raise CheckpointUnavailableError(
            f"checkpoint {saved.encoder['checkpoint']} is not the one that the run was trained from",
            got=f"sha256 {encoder.sha256}",
            allowed=f"sha256 {saved.encoder['sha256']}",
            fix="bring the original back, or train again (--standalone stores base weights inside the run)",
        )
    kept: Encoder = encoder
    return kept


def _encoder_tensors(model: TransferModel, touched: Collection[str], *, everything: bool) -> dict[str, torch.Tensor]:
    state = _plain_state(model)
    if everything:
        return state
    return {name: tensor for name, tensor in state.items() if f"encoder.{name}" in touched}


def _plain_state(model: TransferModel) -> dict[str, torch.Tensor]:
    """Return the encoder's own tensors by the names they have without an adapter."""
    return {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in model.encoder.state_dict().items()
        if ".lora_" not in name
    }


def _write(tensors: Mapping[str, torch.Tensor], path: Path) -> None:
    save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, path)


def _copy_base(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and path.suffix in BASE_FILES and not path.name.endswith(".index.json"):
            shutil.copyfile(path, target / path.name)
