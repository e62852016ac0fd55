"""What all processors share: stable identities, padding, and their own small JSON file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["fingerprint", "pad", "pad_mask", "read_settings", "write_settings"]


def fingerprint(kind: str, settings: Mapping[str, Any]) -> str:
    """Return ``kind:hash`` of `settings`; equal settings give equal strings on every machine."""
    text = json.dumps(settings, sort_keys=True, default=str)
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def pad(arrays: Sequence[np.ndarray], value: float = 0, dtype: Any = None) -> torch.Tensor:
    """Stack arrays ``[length, ...]`` to ``[batch, longest, ...]``, filled up with `value`."""
    longest = max(len(array) for array in arrays)
    stacked = np.full((len(arrays), longest, *arrays[0].shape[1:]), value, dtype=dtype or arrays[0].dtype)
    for row, array in enumerate(arrays):
        stacked[row, : len(array)] = array
    return torch.from_numpy(stacked)


def pad_mask(lengths: Sequence[int]) -> torch.Tensor:
    """Return bool ``[batch, longest]``, True where a row still has tokens."""
    counts = torch.as_tensor(lengths)
    return torch.arange(int(counts.max())) < counts[:, None]


def write_settings(folder: Path, kind: str, **settings: Any) -> None:
    """Write ``processor.json`` below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"processor": kind, **settings}, indent=2, sort_keys=True)
    (folder / "processor.json").write_text(text + "\n", encoding="utf-8")


def read_settings(folder: Path) -> dict[str, Any]:
    """Read ``processor.json`` below `folder`, without its kind."""
    settings: dict[str, Any] = json.loads((folder / "processor.json").read_text(encoding="utf-8"))
    return {key: value for key, value in settings.items() if key != "processor"}
