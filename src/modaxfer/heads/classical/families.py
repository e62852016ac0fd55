"""The heads that a search can try: a grid for each, held-out outputs for every value, and the final module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.errors import RefusedError
from modaxfer.heads.classical.cut import AffineMaps
from modaxfer.heads.classical.discriminant import solve_discriminant
from modaxfer.heads.classical.logistic import LogisticFit, solve_logistic
from modaxfer.heads.classical.ridge import solve_ridge
from modaxfer.heads.classical.space import UnsolvableError
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.nearest import KNearestHead
from modaxfer.heads.reduced import ReducedHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.space import Space
    from modaxfer.spec import ProblemSpec

__all__ = ["SETTINGS", "heads_for", "held_out_outputs", "linear_head", "nearest_head"]

GRIDS: dict[str, tuple[float, ...]] = {
    "lda": (0.05, 0.2, 0.4, 0.6, 0.8),
    "logistic": (1e-3, 4e-3, 2e-2, 1e-1),
    "ridge": (10, 30, 100, 300, 1000, 3000),
    "knn": (5, 10, 20, 50),
}
SETTINGS = {"lda": "shrinkage", "logistic": "inverse_penalty", "ridge": "penalty", "knn": "neighbours"}
"""What the value of each grid is called in reports."""

HEADS = {
    "softmax": ("lda", "ridge", "logistic", "knn"),
    "sigmoid": ("ridge", "logistic", "knn"),
    "identity": ("ridge", "knn"),
}
"""What fits outputs of a link, see `modaxfer.spec.ProblemSpec.link`, cheapest first."""

VOTES = {"identity": "value"}


def heads_for(setting: str, problem: ProblemSpec) -> tuple[str, ...]:
    """Return the heads to try, cheapest first.

    Raises:
        RefusedError: The head that is asked for does not fit the problem.
    """
    allowed = HEADS[problem.link]
    if setting == "auto":
        return allowed
    if setting not in allowed:
        raise RefusedError(
            f"the head {setting!r} does not fit a {problem.name} task",
            got=setting,
            allowed=("auto", *allowed),
            fix="choose another with --set strategy.head=...",
        )
    return (setting,)


def held_out_outputs(
    space: Space, head: str, link: str, grid: tuple[float, ...] | None = None
) -> Iterator[tuple[float, torch.Tensor]]:
    """Yield each value of the head's grid with held-out outputs ``[rows, outputs]``, in the order of the cut.

    Values for which the equations have no solution are passed over: classes without scatter leave a lightly shrunk
    covariance singular.
    """
    grid = GRIDS[head] if grid is None else grid
    if head == "knn":
        yield from _nearest_outputs(space, link, grid)
        return
    start: LogisticFit | None = None
    for value in grid:
        try:
            if head == "logistic":
                start = solve_logistic(space, value, link, start=start, exact=False)
                maps = start.maps
            else:
                maps = solve_ridge(space, value) if head == "ridge" else solve_discriminant(space, value)
        except UnsolvableError:
            continue
        yield value, space.cut.held_out(maps)


def linear_head(
    space: Space, head: str, value: float, link: str, calibration: Calibration | None
) -> tuple[LinearHead, bool]:
    """Fit `head` on the last split's training rows and fold scaler, reduction and calibration into it.

    Returns:
        The head for raw features, and whether its solver converged.
    """
    converged = True
    if head == "logistic":
        fitted = solve_logistic(space, value, link)
        maps, converged = fitted.maps, fitted.converged
    else:
        maps = solve_ridge(space, value) if head == "ridge" else solve_discriminant(space, value)
    maps = maps if calibration is None else calibration.fold(maps)
    return LinearHead.from_weights(*space.cut.raw_map(maps)), converged


def nearest_head(space: Space, value: float, link: str) -> nn.Module:
    """Return a k-NN head for raw features that remembers the last split's training rows."""
    cut = space.cut
    if space.basis.ndim == 2:
        raw = cut.rows * cut.scale + cut.shift
        mean, scale = space.centre[-1] * cut.scale + cut.shift, cut.scale / space.basis[-1]
        return _nearest(space, -1, raw, value, link, mean=mean, scale=scale)
    maps = AffineMaps(weight=space.basis, bias=-torch.einsum("sw,swc->sc", space.centre, space.basis))
    reducer = LinearHead.from_weights(*cut.raw_map(maps))
    return ReducedHead(reducer, _nearest(space, -1, space.coordinates(cut.rows, -1), value, link))


def _nearest_outputs(space: Space, link: str, grid: tuple[float, ...]) -> Iterator[tuple[float, torch.Tensor]]:
    cut = space.cut
    found = []
    for split, number in enumerate(cut.held):
        head = _nearest(space, split, space.coordinates(cut.rows, split), max(grid), link)
        similar = head.nearest(space.coordinates(cut.rows[cut.block(number)], split), int(max(grid)))
        found.append((cut.block(number), head, similar))
    for value in grid:
        outputs = torch.zeros(len(cut.rows), cut.labels.columns.shape[1])
        for block, head, (similarity, position) in found:
            outputs[block] = head.vote(similarity[:, : int(value)], position[:, : int(value)])
        yield value, outputs


def _nearest(
    space: Space,
    split: int,
    rows: torch.Tensor,
    value: float,
    link: str,
    *,
    mean: torch.Tensor | None = None,
    scale: torch.Tensor | None = None,
) -> KNearestHead:
    known = space.cut.training(split)
    labels = space.cut.labels
    return KNearestHead.from_rows(
        rows[known],
        labels.columns[known],
        labels.weights[known],
        mean=torch.zeros(rows.shape[1]) if mean is None else mean,
        scale=torch.ones(rows.shape[1]) if scale is None else scale,
        neighbours=int(value),
        votes=VOTES.get(link, link),
    )
