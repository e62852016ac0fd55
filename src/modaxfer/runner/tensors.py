"""Tensors in a file: safetensors, whole or not at all, as readable as every other file of a run."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

__all__ = ["write_tensors"]


def write_tensors(
    tensors: Mapping[str, torch.Tensor], path: Path, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Write tensors to a temporary name beside `path`, each with memory of its own, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        # safetensors lets the owner alone read its files; this one gets the mode that the user's umask asks for.
        temporary.touch()
        mode = temporary.stat().st_mode & 0o777
        save_file(own, temporary, metadata=dict(metadata) if metadata else None)
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
