"""Weights: as they stand in safetensors, or in a Transformers model in float32, which may be random."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from modaxfer.encoders.own_code import refuse_own_code
from modaxfer.encoders.silence import quiet
from modaxfer.encoders.weight_files import weight_files
from modaxfer.errors import CheckpointUnavailableError

__all__ = ["random_model", "read_model", "read_tensors"]


def read_model(
    folder: Path,
    config: Any,
    model_class: Any,
    *,
    key_mapping: Mapping[str, str] | None = None,
    trust_remote_code: bool = False,
    attention: str | None = None,
) -> tuple[Any, list[str]]:
    """Read a Transformers model in float32.

    Args:
        folder: Holds the safetensors files.
        config: Transformers config; decides architecture and dropout.
        model_class: Has `from_pretrained`.
        key_mapping: Regular expression to replacement, applied to the names in the file.
        trust_remote_code: Allow model code that comes with the checkpoint.
        attention: Name of Transformers' attention implementation; None = the best it has.

    Returns:
        The model, and the names of its tensors that the files did not hold.

    Raises:
        RefusedError: The model needs code of its own, and that is not allowed.
        CheckpointUnavailableError: Shapes in the files contradict the config, or a file is damaged.
    """
    weight_files(folder)
    # Said each time: where it is left open, Transformers asks on the terminal, and a yes there runs the code.
    extra: dict[str, Any] = {"trust_remote_code": trust_remote_code}
    if attention is not None:
        extra["attn_implementation"] = attention
    if key_mapping is not None:
        extra["key_mapping"] = dict(key_mapping)
    try:
        with quiet():
            model, report = model_class.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **extra,
            )
    except (RuntimeError, OSError, ValueError, SafetensorError) as error:
        refuse_own_code(folder, "a model", error)
        raise CheckpointUnavailableError(
            f"the weights in {folder} do not fit their config.json or are damaged",
            got=" ".join(str(error).split())[:400],
            fix="fetch the checkpoint again, or correct its config.json",
        ) from error
    return model, sorted(report["missing_keys"])


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """Read all weights in `folder`, ``model.safetensors`` or its shards, by name, on the CPU, as they were written.

    Raises:
        CheckpointUnavailableError: There are none, only pickles, a shard is missing, or a file is damaged.
    """
    try:
        return {name: tensor for path in weight_files(folder) for name, tensor in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise CheckpointUnavailableError(
            f"the weights in {folder} are damaged",
            got=" ".join(str(error).split())[:400],
            fix="bring them back as they were saved",
        ) from error


def random_model(
    config: Any, model_class: Any, *, attention: str | None = None, trust_remote_code: bool = False
) -> Any:
    """Build the same architecture with fresh weights, drawn from torch's current random state."""
    extra: dict[str, Any] = {} if attention is None else {"attn_implementation": attention}
    build = getattr(model_class, "from_config", None)
    if build is None:
        build = model_class._from_config  # a concrete class: there is no code to ask for
    else:
        extra["trust_remote_code"] = trust_remote_code
    with quiet():
        return build(config, dtype=torch.float32, **extra)
