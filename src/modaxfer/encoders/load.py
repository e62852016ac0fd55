"""From a chosen checkpoint to an encoder in memory: float32, safetensors only, dropout as asked for."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import torch

from modaxfer.collector import work_begins
from modaxfer.config import EncoderOptions
from modaxfer.contracts import Encoder, Origin
from modaxfer.encoders import hub
from modaxfer.encoders.adapter_merge import merge_adapter
from modaxfer.encoders.adapter_state import load_adapter_state
from modaxfer.encoders.adapters import attach_adapter
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.stored import ADAPTER, TENSORS
from modaxfer.encoders.target import encoder_class, require_encoder
from modaxfer.encoders.tensor_files import check_files, fill
from modaxfer.encoders.weight_files import hash_weights
from modaxfer.errors import CheckpointUnavailableError
from modaxfer.registry import calling

__all__ = ["configured", "load_encoder", "load_stored", "outline", "weights_hash"]

DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "hidden_dropout",
    "attention_dropout",
    "dropout",
    "dropout_rate",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
)
"""Config keys, over architectures, of dropout on hidden states and attention."""

SWITCHED_OFF = (
    "activation_dropout",
    "feat_proj_dropout",
    "final_dropout",
    "layerdrop",
    "encoder_layerdrop",
    "drop_path_rate",
    "drop_connect_rate",
    "mask_time_prob",
    "mask_feature_prob",
)
"""Config keys of further noise: it would make a frozen prefix random, and so impossible to cache."""


def load_encoder(
    resolved: ResolvedEncoder, *, options: EncoderOptions, dropout: float = 0.0, pretrained: bool = True, seed: int = 0
) -> Encoder:
    """Read or build the encoder; one that a run trained comes with the run's adapter merged.

    Args:
        resolved: What `modaxfer.encoders.checkpoints.resolve` chose.
        options: How it is fed; its processors follow them.
        dropout: Probability, on hidden states and attention, while training. All other noise is switched off.
        pretrained: False builds the same architecture with random weights and reads none; so does an encoder that has
            none.
        seed: Of the random weights.

    Returns:
        The encoder in float32 and evaluation mode; its attribute `sha256` is the hash of the weights, None for random.

    Raises:
        CheckpointUnavailableError: Weights cannot be fetched, do not fit the config, or lack a tensor that is used.
        DataError: A file of the run is damaged.
        RefusedError: The run's adapter cannot be merged.
    """
    work_begins()
    if pretrained and resolved.stored is not None:
        return _trained(resolved, options, dropout)
    target = encoder_class(resolved.spec)
    config = configured(resolved.config, dropout)
    folder, pretrained = resolved.folder, pretrained and resolved.spec.pretrained
    if pretrained and resolved.snapshot is not None:
        folder = hub.download(resolved.snapshot)
    origin = Origin(folder=folder, options=options, trust_remote_code=resolved.trust_remote_code)
    encoder: Any
    if pretrained:
        with calling(resolved.spec.target, "encoder"):
            encoder = target.from_folder(folder, config, origin=origin)
    else:
        with torch.random.fork_rng(), calling(resolved.spec.target, "encoder"):
            torch.manual_seed(seed)
            encoder = target.from_config(config, origin=origin)
    require_encoder(resolved.spec, encoder)
    if pretrained:
        encoder.sha256 = hash_weights(folder)
    made: Encoder = encoder.eval()
    return made


def load_stored(resolved: ResolvedEncoder, *, options: EncoderOptions, dropout: float = 0.0) -> Encoder:
    """Return the encoder that a run keeps, its adapter attached and filled.

    Args:
        resolved: Has `ResolvedEncoder.stored`; its files are as they were written.
        options: How it is fed.
        dropout: As for `load_encoder`.

    Raises:
        CheckpointUnavailableError: What it was trained from cannot be had, or has changed.
        DataError: A file of the run does not fit the encoder.
    """
    stored, base = resolved.stored, resolved.base
    assert stored is not None, "the caller asks for what a run keeps"
    encoder: Any
    if base is None:
        encoder = _empty(resolved, options, dropout)
    else:
        encoder = load_encoder(base, options=options, dropout=dropout)
        _refuse_other_base(resolved, encoder.sha256)
    path = stored.folder / TENSORS
    if path.is_file():
        fill(partial(_take, encoder, whole=base is None), path)
    if stored.adapter is not None:
        with torch.random.fork_rng(devices=()):
            attach_adapter(encoder, stored.adapter)
        fill(partial(load_adapter_state, encoder), stored.folder / ADAPTER)
    made: Encoder = encoder.eval()
    return made


def weights_hash(resolved: ResolvedEncoder) -> str | None:
    """Return the hash of the weights that `load_encoder` reads, which are fetched if they are not there.

    Raises:
        CheckpointUnavailableError: They cannot be had.
    """
    if not resolved.spec.pretrained:
        return None
    if resolved.stored is not None:
        return resolved.stored.identity()
    return hash_weights(resolved.folder if resolved.snapshot is None else hub.download(resolved.snapshot))


def outline(resolved: ResolvedEncoder, options: EncoderOptions | None = None) -> Encoder:
    """Return the encoder's modules without a single weight (on torch's ``meta`` device), to look at their names.

    Args:
        resolved: What was chosen.
        options: How it is fed, where its processors are asked for, too.
    """
    folder, trusted = (None, False) if options is None else (resolved.folder, resolved.trust_remote_code)
    origin = Origin(folder=folder, options=options or EncoderOptions(), trust_remote_code=trusted)
    target = encoder_class(resolved.spec)
    with torch.device("meta"), torch.random.fork_rng(), calling(resolved.spec.target, "encoder"):
        made: Encoder = target.from_config(configured(resolved.config, 0.0), origin=origin)
    return made


def configured(config: Any, dropout: float) -> Any:
    """Return a copy of a Transformers config with `dropout` written into it and all other noise switched off."""
    config = copy.deepcopy(config)
    for part in (config, *(value for value in vars(config).values() if hasattr(value, "model_type"))):
        for key in DROPOUTS:
            if isinstance(getattr(part, key, None), int | float):
                setattr(part, key, dropout)
        for key in SWITCHED_OFF:
            if isinstance(getattr(part, key, None), int | float):
                setattr(part, key, 0.0)
        if hasattr(part, "apply_spec_augment"):
            part.apply_spec_augment = False
    return config


def _trained(resolved: ResolvedEncoder, options: EncoderOptions, dropout: float) -> Encoder:
    """Return the encoder that a run trained, as the start of another."""
    stored = resolved.stored
    assert stored is not None, "the caller has asked"
    own = f"{stored.folder.parent.name}/{stored.folder.name}/"
    told = {name: checksum for name, checksum in stored.files.items() if name.startswith(own)}
    check_files(stored.folder.parent.parent, told)
    encoder: Any = load_stored(resolved, options=options, dropout=dropout)
    if stored.adapter is not None:
        merge_adapter(encoder)
    if not stored.front and stored.sha256 is None and getattr(encoder, "has_front", False):
        encoder.drop_front()  # The run never had one, and what was drawn here means nothing.
    encoder.sha256 = stored.identity()
    made: Encoder = encoder
    return made


def _empty(resolved: ResolvedEncoder, options: EncoderOptions, dropout: float) -> Any:
    """Return the encoder with weights that mean nothing, to be filled."""
    origin = Origin(folder=resolved.folder, options=options, trust_remote_code=resolved.trust_remote_code)
    with torch.random.fork_rng(devices=()):
        return encoder_class(resolved.spec).from_config(configured(resolved.config, dropout), origin=origin)


def _take(encoder: Any, tensors: dict[str, torch.Tensor], *, whole: bool) -> None:
    """Fill `encoder`; `whole` says that all its tensors must be there, save those of a front that it gave up."""
    missing, unexpected = encoder.load_state_dict(tensors, strict=False)
    front = tuple(f"{name}." for name in getattr(encoder, "front", ()))
    lacking = [name for name in missing if not name.startswith(front)] if whole else []
    if unexpected or lacking:
        raise ValueError(f"missing {lacking[:3]}, unexpected {unexpected[:3]}")


def _refuse_other_base(resolved: ResolvedEncoder, found: str | None) -> None:
    stored = resolved.stored
    if stored is not None and found != stored.sha256:
        raise CheckpointUnavailableError(
            f"checkpoint {stored.checkpoint} is not the one that the run was trained from",
            got=f"sha256 {found}",
            allowed=f"sha256 {stored.sha256}",
            fix="bring the original back, or train again (--standalone stores base weights inside the run)",
        )
