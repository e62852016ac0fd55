"""Judging one view: every head and value of a grid, on rows that were not fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import Features
from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.reduction import reduce_linearly, train_code
from modaxfer.heads.classical.space import Space, UnsolvableError

if TYPE_CHECKING:
    from modaxfer.contracts import Criterion, Judge
    from modaxfer.heads.classical.features import View
    from modaxfer.spec import ProblemSpec

__all__ = ["HeldOut", "Trial"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One candidate and how well it did on held-out rows."""

    view: View
    reduction: str
    head: str
    value: Any
    score: float
    calibration: Calibration | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a row of the report's table."""
        weights = [round(weight, 4) for weight in self.view.weights]
        return {
            "layers": list(self.view.layers),
            "weights": weights,
            "pooling": self.view.pooling,
            "reduction": self.reduction,
            "head": self.head,
            head_named(self.head).setting: self.value,
            "score": self.score,
        }


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Scores candidates on held-out rows: each training fold by a fit on the others, validation by a fit on train.

    Pooling all of them uses what evidence there is; where related rows stand in several inner folds unnoticed, the
    validation split, carved by group, still speaks against what only recognises them.
    """

    features: Sequence[np.ndarray]
    """``[rows, layers, 3, width]``, sorted by block and cut anywhere: together they might not fit into memory."""
    references: np.ndarray
    labels: FitTargets
    sizes: tuple[int, ...]
    criterion: Criterion
    problem: ProblemSpec
    judge: Judge
    components: int
    seed: int
    scaling: Callable[[Cut], Space] = Space.standardised
    """How features are scaled before a head is fitted to them."""

    @property
    def link(self) -> str:
        """What the outputs mean, see `modaxfer.spec.ProblemSpec.link`."""
        return self.problem.link

    def space(self, view: View) -> Space:
        """Return the rows of `view`, cut into folds and scaled in each."""
        read = [view.read(part) for part in self.features]
        return self.scaling(Cut.of(torch.cat(read) if len(read) > 1 else read[0], self.labels, self.sizes))

    def best(
        self, view: View, space: Space, head: str, reduction: str = "none", grid: Sequence[Any] | None = None
    ) -> Trial:
        """Return the best value of `head`'s grid on `view`; ties go to the earlier value.

        Raises:
            UnsolvableError: The head's equations have no solution on these rows, for no value.
        """
        trials = [self._judged(view, head, reduction, *found) for found in self._outputs(space, head, reduction, grid)]
        if not trials:
            raise UnsolvableError("no value of the grid has a solution")
        return max(trials, key=lambda trial: trial.score)

    def outputs_of(self, trial: Trial, space: Space | None = None) -> torch.Tensor:
        """Return held-out outputs ``[rows, outputs]`` of a candidate again, calibrated as it is.

        Args:
            trial: The candidate.
            space: What it was judged on; None = its view.
        """
        known = self.space(trial.view) if space is None else space
        found = self._outputs(known, trial.head, trial.reduction, (trial.value,))
        ((_, outputs),) = found
        return outputs if trial.calibration is None else trial.calibration.apply(outputs)

    def _judged(self, view: View, head: str, reduction: str, value: Any, outputs: torch.Tensor) -> Trial:
        calibration = None
        if head_named(head).scaled and self.link != "identity":
            # Validation rows stay out: what is fitted is fitted on training rows.
            training = slice(0, sum(self.sizes[:-1]))
            calibration = Calibration.fit(outputs[training], self.labels[training], self.link)
            outputs = calibration.apply(outputs)
        predictions, scores = self.criterion.decode(outputs)
        score = float(self.judge(self.references, predictions, scores))
        trial = Trial(view=view, reduction=reduction, head=head, value=value, score=score, calibration=calibration)
        return trial if math.isfinite(score) else replace(trial, score=-math.inf)

    def _outputs(
        self, space: Space, head: str, reduction: str, grid: Sequence[Any] | None
    ) -> Iterator[tuple[Any, torch.Tensor]]:
        cut, family = space.cut, head_named(head)
        grid = family.grid if grid is None else grid
        if reduction != "autoencoder":
            yield from family.held_out(reduce_linearly(space, reduction, self.components), grid, self.link)
            return
        merged: dict[Any, torch.Tensor] = {}
        for split, number in enumerate(cut.held):
            block = cut.block(number)
            part = self._coded(cut, split, block)
            for value, outputs in family.held_out(self.scaling(part), grid, self.link):
                whole = merged.setdefault(value, torch.zeros(len(cut.rows), outputs.shape[1]))
                whole[block] = outputs[part.block(1)]
        yield from merged.items()

    def _coded(self, cut: Cut, split: int, block: slice) -> Cut:
        positions = torch.arange(len(cut.rows))
        known, held = positions[cut.training(split)], positions[block]
        encoder = train_code(cut.rows[known], self.components, self.seed)
        both = torch.cat([known, held])
        return Cut.of(encoder(Features(pooled=cut.rows[both])), cut.labels[both], (len(known), len(held)))
