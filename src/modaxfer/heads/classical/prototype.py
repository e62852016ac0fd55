"""Nearest class mean: a prototype of each class (Snell et al. 2017, section 2.3: linear in the features)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.heads.classical.discriminant import ABSENT
from modaxfer.heads.classical.family import folded, outputs_of_maps

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.cut import AffineMaps
    from modaxfer.heads.classical.space import Space

__all__ = ["Prototype", "solve_prototype"]

FLOOR = 1e-6


class Prototype:
    """Nearest class mean in standardised features; the value is how much of the classes' shares counts as a prior."""

    setting = "prior"
    grid = (0.0, 1.0)
    scaled = True

    def held_out(self, space: Space, grid: Sequence[float], link: str) -> Iterator[tuple[float, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return outputs_of_maps(space, grid, solve_prototype)

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return folded(space, solve_prototype(space, value), calibration), True


def solve_prototype(space: Space, prior: float) -> AffineMaps:
    """Return ``-|z - mean|^2 / (2 variance) + prior * log(share)`` of each class, up to a constant per row.

    With ``prior = 1`` these are log-posteriors of linear discriminant analysis with a spherical covariance. A class
    without a training row is never said.
    """
    means = space.cross / space.totals[:, None].clamp_min(1e-12)
    within = space.gram.diagonal(dim1=1, dim2=2) - (means * space.cross).sum(2)
    variance = within.mean(1) / space.weight + FLOOR
    weight = means / variance[:, None, None]
    share = (space.totals / space.weight[:, None]).log().clamp_min(ABSENT)
    absent = ABSENT * (space.totals == 0)
    return space.lift(weight, prior * share + absent - (means * weight).sum(1) / 2)
