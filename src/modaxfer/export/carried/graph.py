"""A graph of ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime
import torch

__all__ = ["Model"]


class Model:
    """Encoder and head as one graph, computed by onnxruntime."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.session: Any = onnxruntime.InferenceSession(folder / told["graph"], providers=["CPUExecutionProvider"])
        self.names = [one.name for one in self.session.get_inputs()]

    def __call__(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return logits float32 ``[batch, outputs]``."""
        (logits,) = self.session.run(None, {name: batch[name].numpy() for name in self.names})
        return torch.from_numpy(logits)
