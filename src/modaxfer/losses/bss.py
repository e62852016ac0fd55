"""Batch spectral shrinkage: what a batch's features hardly hold is suppressed (Chen et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Step

__all__ = ["BatchSpectralShrinkage"]


class BatchSpectralShrinkage(nn.Module):
    """The squares of the `smallest` smallest singular values of a step's pooled vectors, added up; equation 6.

    With fewer rows than dimensions these are the smallest of as many values as there are rows.

    Args:
        context: Of the phase.
        smallest: How many; k of the paper.
    """

    def __init__(self, context: LossContext, smallest: int = 1) -> None:
        super().__init__()
        self.smallest = smallest

    def forward(self, step: Step) -> torch.Tensor:
        """Return one number, over all streams."""
        sums = [_shrinkage(stream.pooled, self.smallest) for stream in step.streams.values()]
        return torch.stack(sums).sum()


def _shrinkage(pooled: torch.Tensor, smallest: int) -> torch.Tensor:
    # Through eigenvalues: gradients of singular vectors are not needed, and those of equal values would not exist.
    gram = pooled @ pooled.T if len(pooled) <= pooled.shape[1] else pooled.T @ pooled
    squares: torch.Tensor = torch.linalg.eigvalsh(gram)
    return squares[:smallest].clamp(min=0).sum()
