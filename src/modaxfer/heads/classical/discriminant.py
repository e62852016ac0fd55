"""Linear discriminant analysis with a shrunk covariance (Friedman 1989), as classifier and as reduction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from modaxfer.heads.classical.family import folded, outputs_of_maps
from modaxfer.heads.classical.space import Space, solve_positive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.cut import AffineMaps

__all__ = ["LDA", "discriminant_directions", "solve_discriminant"]

ABSENT = -30.0
"""Logarithm of the prior of a class without a training row."""

FLOOR = 1e-6
"""Added to variances of scaled features, whose own are about one."""


class LDA:
    """Linear discriminant analysis; the value is the shrinkage of the covariance."""

    setting = "shrinkage"
    grid = (0.05, 0.2, 0.4, 0.6, 0.8)
    scaled = False

    def held_out(self, space: Space, grid: Sequence[float], link: str) -> Iterator[tuple[float, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return outputs_of_maps(space, grid, solve_discriminant)

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return folded(space, solve_discriminant(space, value), calibration), True


def solve_discriminant(space: Space, shrinkage: float) -> AffineMaps:
    """Return log-posteriors (up to a constant per row) of Gaussian classes with one covariance.

    The covariance within classes is drawn by `shrinkage` (0 to below 1) towards a multiple of the identity.
    """
    means = _centred_means(space)
    weight = solve_positive(_covariance(space, shrinkage), means)
    prior = (space.totals / space.weight[:, None]).log().clamp_min(ABSENT)
    return space.lift(weight, prior - (means * weight).sum(1) / 2)


def discriminant_directions(space: Space, components: int, shrinkage: float) -> torch.Tensor:
    """Return the directions that separate class means best, relative to the spread within (Fisher 1936).

    Args:
        space: Of a single-label problem.
        components: At most; there are never more than classes - 1.
        shrinkage: Of the covariance within classes, 0 to below 1.

    Returns:
        ``[splits, space.components, components]``.
    """
    share = (space.totals / space.weight[:, None]).sqrt()
    factor = torch.linalg.cholesky(_covariance(space, shrinkage))
    between = torch.linalg.solve_triangular(factor, _centred_means(space) * share[:, None], upper=False)
    kept = min(components, space.totals.shape[1] - 1, space.components)
    left = torch.linalg.svd(between, full_matrices=False).U[:, :, :kept]
    directions: torch.Tensor = torch.linalg.solve_triangular(factor.mT, left, upper=True)
    return directions


def _centred_means(space: Space) -> torch.Tensor:
    return space.cross / space.totals[:, None].clamp_min(1e-12)


def _covariance(space: Space, shrinkage: float) -> torch.Tensor:
    within = torch.baddbmm(space.gram, _centred_means(space), space.cross.mT, alpha=-1)
    within.mul_(((1 - shrinkage) / space.weight)[:, None, None])
    diagonal = within.diagonal(dim1=1, dim2=2)
    # The floor keeps features that never vary (a first token's embedding, say) from making it singular.
    diagonal.add_(shrinkage / (1 - shrinkage) * diagonal.mean(1, keepdim=True) + FLOOR)
    return within
