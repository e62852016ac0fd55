"""Standardised, perhaps reduced features of every split, as moments: all that a closed-form head needs.

Sums over blocks are additive, so each split's moments are the sums of the blocks that it trains on: the rows are
multiplied out once, however many folds there are, and scaler and reduction still see nothing of a held-out fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch

from modaxfer.heads.classical.cut import AffineMaps, Cut, FitTargets

__all__ = ["Space", "UnsolvableError", "solve_positive"]

UnsolvableError: type[RuntimeError] = torch.linalg.LinAlgError  # type: ignore[attr-defined]
"""What torch raises where equations have no solution."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """Moments of ``z = (row - centre) @ basis`` over each split's training rows.

    The centre is the weighted mean, so that ``z`` has mean zero.
    """

    cut: Cut
    centre: torch.Tensor
    """``[splits, width]``."""
    basis: torch.Tensor
    """``[splits, width]`` (a diagonal) or ``[splits, width, components]``."""
    gram: torch.Tensor
    """``[splits, components, components]``: weighted sum of ``z z^T``."""
    cross: torch.Tensor
    """``[splits, components, outputs]``: weighted sum of ``z y^T``."""
    totals: torch.Tensor
    """``[splits, outputs]``: weighted sum of ``y``."""
    weight: torch.Tensor
    """``[splits]``: sum of weights."""

    @classmethod
    def standardised(cls, cut: Cut) -> Space:
        """Return the space in which every feature has deviation 1 on the split's training rows."""
        variance = _variance(cut)
        # Features of a cut have deviation 1 over all training rows: 1e-3 is a feature that this split never sees move.
        return cls._scaled(cut, torch.where(variance > 1e-6, variance, torch.ones(())).sqrt())

    @classmethod
    def of_one_scale(cls, cut: Cut) -> Space:
        """Return the space in which raw features are centred and divided by one number: their mean variance is 1.

        Of penalised weights on ``z`` those of raw features are as small, ``|raw weight| = |weight| / scale``, whatever
        a feature's own deviation: one that hardly moves counts for hardly anything, and goes on to if it begins to
        move. With a deviation of its own for each, its weight would be as large as the deviation is small.
        """
        variance = (_variance(cut) * cut.scale.square()).mean(1, keepdim=True)
        scale = torch.where(variance > 0, variance, torch.ones(())).sqrt()
        return cls._scaled(cut, scale / cut.scale)

    @classmethod
    def _scaled(cls, cut: Cut, scale: torch.Tensor) -> Space:
        """Return the space of ``z = (row - centre) / scale``, with `scale` ``[splits, width]``."""
        weight, summed, totals, cross, gram = _products(cut)
        centre = summed / weight[:, None]
        gram.baddbmm_(summed[:, :, None], centre[:, None], alpha=-1)
        cross.baddbmm_(centre[:, :, None], totals[:, None], alpha=-1)
        gram.div_(scale[:, :, None]).div_(scale[:, None, :])
        cross.div_(scale[:, :, None])
        return cls(cut=cut, centre=centre, basis=1 / scale, gram=gram, cross=cross, totals=totals, weight=weight)

    @property
    def components(self) -> int:
        """Size of ``z``."""
        return self.gram.shape[1]

    def project(self, directions: torch.Tensor) -> Space:
        """Return the space of ``z @ directions``, with `directions` ``[splits, components, fewer]``."""
        return Space(
            cut=self.cut,
            centre=self.centre,
            basis=self.spread(directions),
            gram=directions.mT @ self.gram @ directions,
            cross=directions.mT @ self.cross,
            totals=self.totals,
            weight=self.weight,
        )

    def spread(self, weight: torch.Tensor) -> torch.Tensor:
        """Turn `weight` ``[splits, components, outputs]`` on ``z`` into one on rows ``[splits, width, outputs]``."""
        return self.basis[:, :, None] * weight if self.basis.ndim == 2 else self.basis @ weight

    def gather(self, gradient: torch.Tensor) -> torch.Tensor:
        """Transpose of `spread`: ``[splits, width, outputs]`` to ``[splits, components, outputs]``."""
        return self.basis[:, :, None] * gradient if self.basis.ndim == 2 else self.basis.mT @ gradient

    def double(self) -> Space:
        """Return the same space in float64."""
        labels = FitTargets(**_doubled(self.cut.labels))
        cut = replace(self.cut, **_doubled(self.cut), labels=labels)
        return replace(self, **_doubled(self), cut=cut)

    def coordinates(self, rows: torch.Tensor, split: int) -> torch.Tensor:
        """Return ``z`` ``[rows, components]`` of some `rows` of the cut, as `split` sees them."""
        centred, basis = rows - self.centre[split], self.basis[split]
        return centred * basis if basis.ndim == 1 else centred @ basis

    def lift(self, weight: torch.Tensor, offset: torch.Tensor) -> AffineMaps:
        """Fold scaler and reduction into ``z @ weight + offset``.

        Args:
            weight: ``[splits, components, outputs]``.
            offset: ``[splits, outputs]``.
        """
        lifted = self.spread(weight)
        return AffineMaps(weight=lifted, bias=offset - torch.einsum("sw,swo->so", self.centre, lifted))


def solve_positive(matrix: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Solve symmetric positive definite systems ``[splits, n, n]`` for ``[splits, n, outputs]``.

    Float32 is enough for all but the worst conditioned, which are solved again in float64.
    """
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if not failed.any():
        return torch.cholesky_solve(right, factor)
    return torch.cholesky_solve(right.double(), torch.linalg.cholesky(matrix.double())).float()


def _doubled(holder: Space | Cut | FitTargets) -> dict[str, Any]:
    return {name: value.double() for name, value in vars(holder).items() if isinstance(value, torch.Tensor)}


def _variance(cut: Cut) -> torch.Tensor:
    """Return ``[splits, width]``: the variance of each feature of the cut over the training rows of each split."""
    count, first, second = _sums(cut)
    return second / count[:, None] - (first / count[:, None]).square()


def _sums(cut: Cut) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return per split the number of training rows, their sum and the sum of their squares."""
    blocks = [cut.rows[cut.block(number)] for number in range(cut.uses.shape[1])]
    first = torch.stack([block.sum(0) for block in blocks])
    second = torch.stack([torch.linalg.vector_norm(block, dim=0).square() for block in blocks])
    return cut.uses @ torch.tensor([float(len(block)) for block in blocks]), cut.uses @ first, cut.uses @ second


def _products(cut: Cut) -> tuple[torch.Tensor, ...]:
    """Return per split the weighted sums of 1, row, target, row times target and row times row."""
    sums = []
    for number in range(cut.uses.shape[1] - 1):
        block = cut.block(number)
        rows, columns, weights = cut.rows[block], cut.labels.columns[block], cut.labels.weights[block]
        weighted = weights[:, None] * rows
        sums.append((weights.sum(), weighted.sum(0), weights @ columns, weighted.T @ columns, weighted.T @ rows))
    return tuple(_sum_blocks(cut, list(blocks)) for blocks in zip(*sums, strict=True))


def _sum_blocks(cut: Cut, blocks: list[torch.Tensor]) -> torch.Tensor:
    stacked = torch.stack(blocks)
    summed = cut.uses[:, :-1] @ stacked.reshape(len(blocks), -1)
    return summed.reshape(-1, *stacked.shape[1:])
