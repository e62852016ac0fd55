"""Class means beside a cache of training rows (Tip-Adapter, Zhang et al. 2022), in standardised or reduced features."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import Features
from modaxfer.heads.classical.family import Remembered
from modaxfer.heads.reduced import ReducedHead
from modaxfer.heads.tip import TipHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import nn

    from modaxfer.heads.classical.calibration import Calibration
    from modaxfer.heads.classical.space import Space

__all__ = ["Tip"]

Value = tuple[float, float]
"""Weight of the cache and its sharpness, the paper's alpha and beta."""


class Tip:
    """A blend of class means and near training rows; the values are the cache's weight and sharpness."""

    setting = "blend_and_sharpness"
    grid: Sequence[Value] = ((1.0, 5.5), *product((0.3, 3.0, 10.0, 30.0), (1.0, 5.5, 20.0)))
    scaled = True

    def held_out(self, space: Space, grid: Sequence[Value], link: str) -> Iterator[tuple[Value, torch.Tensor]]:
        """See `modaxfer.heads.classical.family.ClassicalHead`."""
        cut = space.cut
        for value in grid:
            outputs = torch.zeros(len(cut.rows), cut.labels.columns.shape[1])
            for split, number in enumerate(cut.held):
                known = Remembered.seen_by(space, split)
                head = _head(space, split, known, value)
                outputs[cut.block(number)] = head(Features(pooled=known.rows[cut.block(number)]))
            yield value, outputs

    def fit(self, space: Space, value: Value, link: str, calibration: Calibration | None) -> tuple[nn.Module, bool]:
        """Return a head that remembers the last split's training rows."""
        known = Remembered.of(space)
        head = _head(space, -1, known, value, 1.0 if calibration is None else float(calibration.slope[0]))
        return (head if known.reducer is None else ReducedHead(known.reducer, head)), True


def _head(space: Space, split: int, known: Remembered, value: Value, slope: float = 1.0) -> TipHead:
    fitted_on, labels = space.cut.training(split), space.cut.labels
    return TipHead.from_rows(
        known.rows[fitted_on],
        labels.columns[fitted_on] * labels.weights[fitted_on, None],
        mean=known.mean,
        scale=known.scale,
        blend=value[0],
        sharpness=value[1],
        slope=slope,
    )
