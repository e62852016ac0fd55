"""An encoder of a saved run: which of its tensors are stored, and how the others come back."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Encoder
from modaxfer.encoders.body import Origin
from modaxfer.encoders.checkpoints import read_config, resolve
from modaxfer.encoders.load import configured, load_encoder
from modaxfer.encoders.own_code import naming_code
from modaxfer.errors import CheckpointUnavailableError
from modaxfer.registry import load_target, registry

__all__ = ["base_encoder", "copy_base", "encoder_tensors"]

BASE_FILES = (".json", ".txt", ".model", ".tiktoken", ".jinja")
"""Endings of the small files that describe a base model: configs, vocabularies, tokenizers."""


def encoder_tensors(encoder: Any, moved: set[int], *, everything: bool) -> tuple[dict[str, torch.Tensor], bool]:
    """Return the tensors to store, by the names they have without an adapter, and whether those are all there are.

    Args:
        encoder: Trained encoder.
        moved: Identities of all parameters that training moved.
        everything: Whether those that did not move are stored too.
    """
    adapter = _adapter_tensors(encoder)
    state = {
        name.replace(".base_layer.", "."): tensor
        for name, tensor in encoder.state_dict(keep_vars=True).items()
        if name not in adapter
    }
    own = state if everything else {name: tensor for name, tensor in state.items() if id(tensor) in moved}
    return own, own.keys() >= state.keys()


def _adapter_tensors(encoder: Any) -> set[str]:
    """Return the names, parameters and buffers, of everything that an adapter added."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    found = set(encoder.adapter_parameters)
    for name, module in encoder.named_modules():
        if isinstance(module, BaseTunerLayer):
            own = f"{name}." if name else ""
            found |= {own + key for key in module.state_dict() if not key.startswith("base_layer.")}
    return found


def base_encoder(
    folder: Path, encoder: Mapping[str, Any], options: Mapping[str, Any], *, trust_remote_code: bool = False
) -> Encoder:
    """Return the encoder that a run was trained from; where all its tensors are stored, an empty one to take them.

    Code of a checkpoint's own is never stored in a run: it comes from the checkpoint, and only where that is allowed.

    Args:
        folder: The run's copy of the base model's small files.
        encoder: What the run says of it, see `SavedTower.encoder`.
        options: How it is fed.
        trust_remote_code: Allow code that comes with the checkpoint.

    Raises:
        CheckpointUnavailableError: The base weights cannot be had, or are not the ones the run was trained from.
        RefusedError: The checkpoint needs code of its own, and that is not allowed.
    """
    fed = EncoderOptions(**options)
    if encoder["complete"] and not (trust_remote_code and naming_code(folder)):
        spec = registry().get("encoder", encoder["id"]).spec
        config = configured(read_config(folder, spec), 0.0)
        built: Encoder = load_target(spec.target).from_config(config, origin=Origin(folder=folder, options=fed))
        return built
    revision = encoder["revision"] if "==" not in str(encoder["revision"]) else None
    # By its own name too: one checkpoint may be read by several encoders, which count layers in ways of their own.
    chosen = resolve(
        encoder["id"], checkpoint=encoder["checkpoint"], revision=revision, trust_remote_code=trust_remote_code
    )
    loaded: Any = load_encoder(chosen, options=fed)
    if loaded.sha256 != encoder["sha256"]:
        raise CheckpointUnavailableError(
            f"checkpoint {encoder['checkpoint']} is not the one that the run was trained from",
            got=f"sha256 {loaded.sha256}",
            allowed=f"sha256 {encoder['sha256']}",
            fix="bring the original back, or train again (--standalone stores base weights inside the run)",
        )
    kept: Encoder = loaded
    return kept


def copy_base(source: Path, target: Path) -> None:
    """Copy the small files of a base model."""
    target.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_file() and path.suffix in BASE_FILES and not path.name.endswith(".index.json"):
            shutil.copyfile(path, target / path.name)
