"""Ridge regression onto targets or class indicators (Hoerl & Kennard 1970)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.heads.classical.family import folded, outputs_of_maps
from modaxfer.heads.classical.space import Space, solve_positive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.cut import AffineMaps

__all__ = ["Ridge", "solve_ridge"]


class Ridge:
    """Ridge regression; the value is the penalty. Class indicators become probabilities by scaling."""

    setting = "penalty"
    grid = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
    scaled = True

    def held_out(self, space: Space, grid: Sequence[float], link: str) -> Iterator[tuple[float, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return outputs_of_maps(space, grid, solve_ridge)

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        return folded(space, solve_ridge(space, value), calibration), True


def solve_ridge(space: Space, penalty: float) -> AffineMaps:
    """Minimise the weighted squared error plus `penalty` times the squared weights; the intercept is free.

    Class indicators are 0/1: the largest output is the class that scikit-learn's RidgeClassifier, which regresses on
    -1/1, would choose too.
    """
    penalised = space.gram.clone()
    penalised.diagonal(dim1=1, dim2=2).add_(penalty)
    weight = solve_positive(penalised, space.cross)
    return space.lift(weight, space.totals / space.weight[:, None])
