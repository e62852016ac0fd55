"""Ridge regression onto targets or class indicators (Hoerl & Kennard 1970)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.heads.classical.space import Space, solve_positive

if TYPE_CHECKING:
    from modaxfer.heads.classical.cut import AffineMaps

__all__ = ["solve_ridge"]


def solve_ridge(space: Space, penalty: float) -> AffineMaps:
    """Minimise the weighted squared error plus `penalty` times the squared weights; the intercept is free.

    Class indicators are 0/1: the largest output is the class that scikit-learn's RidgeClassifier, which regresses on
    -1/1, would choose too.
    """
    penalised = space.gram.clone()
    penalised.diagonal(dim1=1, dim2=2).add_(penalty)
    weight = solve_positive(penalised, space.cross)
    return space.lift(weight, space.totals / space.weight[:, None])
