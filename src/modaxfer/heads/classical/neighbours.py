"""Nearest neighbours in standardised, perhaps reduced features (Wu et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from modaxfer.heads.classical.family import Remembered
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
            known = Remembered.seen_by(space, split)
            head = _nearest(space, split, known, max(grid), link)
            found.append((cut.block(number), head, head.nearest(known.rows[cut.block(number)], int(max(grid)))))
        for value in grid:
            outputs = torch.zeros(len(cut.rows), cut.labels.columns.shape[1])
            for block, head, (similarity, position) in found:
                near, where = (torch.split(each, head.rows_at_once) for each in (similarity, position))
                votes = [head.vote(*part, int(value)) for part in zip(near, where, strict=True)]
                outputs[block] = torch.cat(votes)
            yield value, outputs

    def fit(self, space: Space, value: float, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """Return a head that remembers the last split's training rows; votes need no calibration."""
        known = Remembered.of(space)
        head = _nearest(space, -1, known, value, link)
        return (head if known.reducer is None else ReducedHead(known.reducer, head)), True


def _nearest(space: Space, split: int, known: Remembered, value: float, link: str) -> KNearestHead:
    fitted_on, labels = space.cut.training(split), space.cut.labels
    return KNearestHead.from_rows(
        known.rows[fitted_on],
        labels.columns[fitted_on],
        labels.weights[fitted_on],
        mean=known.mean,
        scale=known.scale,
        neighbours=int(value),
        votes=VOTES.get(link, link),
    )
