"""Checkpoints in Transformers' format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

__all__ = ["write_checkpoint"]


def write_checkpoint(
    folder: Path, config: Mapping[str, Any], preprocessor: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]
) -> None:
    """Write ``config.json``, ``preprocessor_config.json`` and ``model.safetensors`` into `folder`."""
    for name, values in (("config.json", config), ("preprocessor_config.json", preprocessor)):
        (folder / name).write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    plain = {name: value.contiguous().clone() for name, value in tensors.items()}
    save_file(plain, folder / "model.safetensors", metadata={"format": "pt"})
