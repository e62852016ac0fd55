"""What a head says of plain vectors."""

from __future__ import annotations

import torch
from torch import nn

from modaxfer.contracts import Features


def said(head: nn.Module, pooled: torch.Tensor) -> torch.Tensor:
    """Return what `head` says of vectors ``[batch, width]``, of which no tokens are known."""
    said: torch.Tensor = head(Features(pooled=pooled))
    return said
