"""Transformers models in float32: read from safetensors, or built with random weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from modaxfer.encoders.silence import quiet
from modaxfer.encoders.weight_files import weight_files
from modaxfer.errors import CheckpointUnavailableError

__all__ = ["random_model", "read_model"]


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
        CheckpointUnavailableError: Shapes in the files contradict the config, or a file is damaged.
    """
    weight_files(folder)
    # The Auto classes alone understand the flag; concrete ones refuse it.
    extra = {"trust_remote_code": True} if trust_remote_code else {}
    if attention is not None:
        extra["attn_implementation"] = attention  # type: ignore[assignment]
    if key_mapping is not None:
        extra["key_mapping"] = dict(key_mapping)  # type: ignore[assignment]
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
        raise CheckpointUnavailableError(
            f"the weights in {folder} do not fit their config.json or are damaged",
            got=" ".join(str(error).split())[:400],
            fix="fetch the checkpoint again, or correct its config.json",
        ) from error
    return model, sorted(report["missing_keys"])


def random_model(config: Any, model_class: Any, *, attention: str | None = None, **extra: Any) -> Any:
    """Build the same architecture with fresh weights, drawn from torch's current random state."""
    if attention is not None:
        extra["attn_implementation"] = attention
    build = getattr(model_class, "from_config", None) or model_class._from_config
    with quiet():
        return build(config, dtype=torch.float32, **extra)
