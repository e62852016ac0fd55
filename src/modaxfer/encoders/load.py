"""From a chosen checkpoint to an encoder in memory: float32, safetensors only, dropout as asked for."""

from __future__ import annotations

import copy
from typing import Any

import torch

from modaxfer.config import EncoderOptions
from modaxfer.contracts import Encoder
from modaxfer.encoders import hub
from modaxfer.encoders.body import Origin
from modaxfer.encoders.checkpoints import ResolvedEncoder
from modaxfer.encoders.weight_files import hash_weights
from modaxfer.registry import load_target

__all__ = ["configured", "load_encoder", "outline"]

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
    """Read or build the encoder.

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
    """
    target = load_target(resolved.spec.target)
    config = configured(resolved.config, dropout)
    folder, pretrained = resolved.folder, pretrained and resolved.spec.pretrained
    if pretrained and resolved.snapshot is not None:
        folder = hub.download(resolved.snapshot)
    origin = Origin(folder=folder, options=options, trust_remote_code=resolved.trust_remote_code)
    if pretrained:
        encoder = target.from_folder(folder, config, origin=origin)
        encoder.sha256 = hash_weights(folder)
    else:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            encoder = target.from_config(config, origin=origin)
    made: Encoder = encoder.eval()
    return made


def outline(resolved: ResolvedEncoder) -> Encoder:
    """Return the encoder's modules without a single weight (on torch's ``meta`` device), to look at their names."""
    with torch.device("meta"), torch.random.fork_rng():
        made: Encoder = load_target(resolved.spec.target).from_config(configured(resolved.config, 0.0))
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
