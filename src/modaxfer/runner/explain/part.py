"""What of a row is moved while it is explained: tensors that go into an encoder, cut into units that people can see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["NO_PART", "Part", "unit_sums"]

NO_PART = -1
"""Unit of what is never moved: special tokens."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One input of one encoder: the tensor of a row, the tensor that says nothing, and what each number belongs to."""

    key: str
    """Of the batch."""
    kind: str
    """``tokens``, ``picture``, ``patches``, ``sound`` or ``spectrum``."""
    fields: tuple[str, ...]
    """Of the row, that are in it."""
    values: torch.Tensor
    """float ``[...]``, without a batch dimension."""
    baseline: torch.Tensor
    """x₀: of the same shape."""
    said: str
    """What the baseline is, for people."""
    units: torch.Tensor
    """int64, of the shape of `values` or broadcast to it: the unit of each number, `NO_PART` of none."""
    shape: tuple[int, ...]
    """Of the units: ``[tokens]``, ``[rows, columns]``, ``[bands, stretches]`` (lowest band first) or ``[patches]``."""
    labels: tuple[str, ...] = ()
    """Of tokens: how each reads."""
    enter: Callable[[torch.Tensor], torch.Tensor] | None = None
    """From ``[n, ...]`` like `values` to what stands in the batch; None = as it is."""
    embedding: Any = None
    """Module whose output `values` take the place of; None = they stand in the batch."""
    extent: tuple[float, float] | None = None
    """Of sounds: seconds, and the highest frequency in Hz."""

    @property
    def count(self) -> int:
        """Number of units."""
        return int(torch.tensor(self.shape).prod())


def unit_sums(part: Part, attributions: torch.Tensor) -> torch.Tensor:
    """Return the sum of `attributions`, of the shape of the part's values, over each unit: float64 ``[units]``."""
    units = part.units.broadcast_to(attributions.shape).reshape(-1)
    there = units != NO_PART
    sums = torch.zeros(part.count, dtype=torch.float64)
    return sums.index_add(0, units[there].cpu(), attributions.reshape(-1)[there].double().cpu())
