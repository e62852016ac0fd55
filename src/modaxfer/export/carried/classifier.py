"""A model that one of Transformers' classes for classification reads whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import transformers

__all__ = ["Model"]


class Model:
    """Encoder and head in one."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.model: Any = getattr(transformers, told["model_class"]).from_pretrained(folder).eval()

    def __call__(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return logits float32 ``[batch, outputs]``."""
        logits: torch.Tensor = self.model(**batch).logits
        return logits.float()
