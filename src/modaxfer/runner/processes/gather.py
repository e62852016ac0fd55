"""Rows of all processes laid together, with a way back for their gradients."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import distributed
from torch.autograd import Function

__all__ = ["gather_rows", "world_size"]


def world_size() -> int:
    """Return how many processes share the work."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def gather_rows(own: torch.Tensor, rows: int) -> torch.Tensor:
    """Return the rows of all processes, the same in each, in their common order.

    Process r of w holds rows r, r + w, r + 2 w ... of that order. On the way back each process gets the sum of what all
    of them send to its rows.

    Args:
        own: This process's rows, ``[rows / processes, ...]``; there may be none.
        rows: Of all processes.

    Returns:
        ``[rows, ...]``.
    """
    world = world_size()
    if world == 1:
        return own
    most = -(-rows // world)
    padded = torch.cat([own, own.new_zeros(most - len(own), *own.shape[1:])])
    laid = cast("torch.Tensor", _Gather.apply(padded)) if own.is_floating_point() else _gathered(padded)  # type: ignore[no-untyped-call]
    return laid.transpose(0, 1).flatten(0, 1)[:rows]


def _gathered(own: torch.Tensor) -> torch.Tensor:
    """Return ``[processes, rows, ...]``."""
    parts = [torch.empty_like(own) for _ in range(world_size())]
    distributed.all_gather(parts, own.contiguous())
    return torch.stack(parts)


class _Gather(Function):
    @staticmethod
    def forward(context: Any, own: torch.Tensor) -> torch.Tensor:
        return _gathered(own)

    @staticmethod
    def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
        summed = gradient.contiguous()
        distributed.all_reduce(summed)
        return summed[distributed.get_rank()]
