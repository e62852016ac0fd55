"""Nearest neighbours in standardised, perhaps reduced features (Wu et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from modaxfer.heads.classical.cut import AffineMaps
from modaxfer.heads.linear import LinearHead
from modaxfer.heads.nearest import KNearestHead
from modaxfer.heads.reduced import ReducedHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.space import Space

__all__ = ["Neighbours"]

VOTES = {"identity": "value"}


class Neighbours:
    """Weighted nearest neighbours; the value is how many vote."""

    setting = "neighbours"
    grid = (5, 10, 20, 50)
    scaled = False

    def held_out(self, space: Space, grid: Sequence[float], link: str) -> Iterator[tuple[float, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`; the nearest are looked up once for all values."""
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

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """Return a head that remembers the last split's training rows; votes need no calibration."""
        cut = space.cut
        if space.basis.ndim == 2:
            raw = cut.rows * cut.scale + cut.shift
            mean, scale = space.centre[-1] * cut.scale + cut.shift, cut.scale / space.basis[-1]
            return _nearest(space, -1, raw, value, link, mean=mean, scale=scale), True
        maps = AffineMaps(weight=space.basis, bias=-torch.einsum("sw,swc->sc", space.centre, space.basis))
        reducer = LinearHead.from_weights(*cut.raw_map(maps))
        return ReducedHead(reducer, _nearest(space, -1, space.coordinates(cut.rows, -1), value, link)), True


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
