"""A head whose outputs are scaled and shifted by class: a temperature, biases, another prior."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from modaxfer.contracts import Features
from modaxfer.heads.build import reads_tokens

__all__ = ["ScaledHead"]


class ScaledHead(nn.Module):
    """What `head` says, times ``scale``, plus ``shift``; neither is trained, both are saved.

    Args:
        head: A registered head.
        outputs: Logits per row.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, head: nn.Module, outputs: int) -> None:
        super().__init__()
        self.head, self.outputs = head, outputs
        self.reads = "tokens" if reads_tokens(head) else "pooled"
        self.register_buffer("scale", torch.ones(outputs))
        self.register_buffer("shift", torch.zeros(outputs))

    @classmethod
    def of(cls, head: nn.Module, scale: torch.Tensor, shift: torch.Tensor) -> ScaledHead:
        """Return `head` with its outputs scaled and shifted, ``[outputs]`` each."""
        made = cls(head, len(shift))
        made.scale.copy_(scale)
        made.shift.copy_(shift)
        return made

    def forward(self, features: Features) -> torch.Tensor:
        """Map features to float32 ``[..., outputs]``, outside any autocast."""
        said = cast("torch.Tensor", self.head(features))
        with torch.autocast(said.device.type, enabled=False):
            return said.float() * self.scale + self.shift

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        return {"head": self.head, "outputs": self.outputs}
