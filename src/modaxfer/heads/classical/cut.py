"""The rows of one view, cut into blocks, and the splits that train on some blocks and are judged on another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.contracts import Criterion

__all__ = ["AffineMaps", "Cut", "FitTargets"]


FAINT = 1e-7
"""Share of the typical deviation below which a feature counts as one that never moves."""


@dataclass(frozen=True, kw_only=True)
class FitTargets:
    """Targets as columns of numbers, with weights; all ``[rows, ...]`` in the order of the features they belong to."""

    columns: torch.Tensor
    """float32 ``[rows, outputs]``: one-hot classes, 0/1 labels, or the standardised value."""
    weights: torch.Tensor
    """float32 ``[rows]``."""
    label_weights: torch.Tensor
    """float32 ``[rows, outputs]`` for weighted multi-label, else ``[rows, 1]``."""

    @classmethod
    def of(cls, targets: np.ndarray, criterion: Criterion, class_weight: torch.Tensor | None) -> FitTargets:
        """Code `targets`; `class_weight` is what the criterion's `class_weights` says of the training rows.

        A validation row of a class that train lacks has no column: it is judged, never fitted.
        """
        columns = criterion.columns(targets)
        weights = torch.ones(len(columns))
        label_weights = weights[:, None]
        if class_weight is not None and class_weight.ndim == 2:
            label_weights = torch.where(columns > 0, class_weight[1], class_weight[0])
        elif class_weight is not None:
            weights = class_weight[torch.from_numpy(np.ascontiguousarray(targets)).clamp(min=0)]
            label_weights = weights[:, None]
        return cls(columns=columns, weights=weights, label_weights=label_weights)

    def __getitem__(self, rows: torch.Tensor | slice) -> FitTargets:
        return FitTargets(
            columns=self.columns[rows], weights=self.weights[rows], label_weights=self.label_weights[rows]
        )


@dataclass(frozen=True, kw_only=True)
class AffineMaps:
    """One affine map per split, from the rows of a `Cut` to outputs: ``rows @ weight + bias``."""

    weight: torch.Tensor
    """``[splits, width, outputs]``."""
    bias: torch.Tensor
    """``[splits, outputs]``."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Rows in blocks that lie one behind the other, and for each split what it trains on and where it is judged.

    The last block is the validation split (it may be empty): the last split trains on all other blocks and is judged
    there. Each fold before it is judged on its own block and trains on the remaining ones.
    """

    rows: torch.Tensor
    """float32 ``[rows, width]``, shifted and scaled once for numerical condition; solutions do not depend on that."""
    labels: FitTargets
    starts: tuple[int, ...]
    """First row of each block, and the end of the last."""
    uses: torch.Tensor
    """float32 0/1 ``[splits, blocks]``: split trains on block."""
    held: tuple[int, ...]
    """By split: the block it is judged on."""
    shift: torch.Tensor
    """``[width]``: raw features are ``rows * scale + shift``."""
    scale: torch.Tensor
    """``[width]``."""

    @classmethod
    def of(cls, raw: torch.Tensor, labels: FitTargets, sizes: Sequence[int]) -> Cut:
        """Cut `raw` ``[rows, width]`` into blocks of `sizes` rows: training folds, then validation.

        One training block alone is never held out: the only split trains on it.
        """
        folds = len(sizes) - 1 if len(sizes) > 2 else 0
        uses = torch.ones(folds + 1, len(sizes))
        uses[:, -1] = 0
        uses[range(folds), range(folds)] = 0
        starts = tuple(int(start) for start in np.cumsum([0, *sizes]))
        count = starts[-2]
        shift = raw[:count].mean(0)
        rows = raw - shift
        deviation = torch.linalg.vector_norm(rows[:count], dim=0) / count**0.5
        # What moves by less than float32 tells apart beside the others is left alone: some encoders have dead features,
        # whose weights would be as large as these deviations are small, and an encoder may be moved under its head.
        least = 1e-6 * shift.abs() + FAINT * deviation.square().mean().sqrt() + 1e-12
        scale = torch.where(deviation > least, deviation, torch.ones(()))
        return cls(
            rows=rows.div_(scale),
            labels=labels,
            starts=starts,
            uses=uses,
            held=(*range(folds), len(sizes) - 1),
            shift=shift,
            scale=scale,
        )

    def block(self, number: int) -> slice:
        """Return the rows of block `number`."""
        return slice(self.starts[number], self.starts[number + 1])

    def training(self, split: int) -> torch.Tensor:
        """Return bool ``[rows]``: what `split` trains on."""
        return self.uses[split].bool().repeat_interleave(torch.tensor(self.starts).diff())

    def held_out(self, maps: AffineMaps) -> torch.Tensor:
        """Return ``[rows, outputs]``: each row's output by the split that is judged on it; zero where none is."""
        outputs = torch.zeros(len(self.rows), maps.bias.shape[1])
        for split, number in enumerate(self.held):
            place = self.block(number)
            outputs[place] = torch.addmm(maps.bias[split], self.rows[place], maps.weight[split])
        return outputs

    def raw_map(self, maps: AffineMaps) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weight ``[outputs, width]`` and bias ``[outputs]`` of the last split's map from raw features."""
        weight = maps.weight[-1] / self.scale[:, None]
        return weight.T.contiguous(), maps.bias[-1] - self.shift @ weight
