"""Position tables for sequences that are longer than in pretraining."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["stretched"]


def stretched(table: torch.Tensor, length: int | None) -> torch.Tensor:
    """Return a position table with at least `length` places, its own as it is where that is enough.

    Neighbours are interpolated linearly and both ends stay where they are, so how far a table is stretched depends on
    the longest sequence allowed, never on a batch's padding.

    Args:
        table: ``[places, hidden]``.
        length: Places wanted; None for the table's own.

    Returns:
        ``[max(places, length), hidden]``.
    """
    if length is None or length <= len(table):
        return table
    rows = table.float().transpose(0, 1).unsqueeze(0)
    rows = nn.functional.interpolate(rows, size=length, mode="linear", align_corners=True)
    return rows[0].transpose(0, 1).to(table.dtype)
