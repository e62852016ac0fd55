"""The rows that choices are made on: inner folds of train, or of a sample of it, and behind them validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from modaxfer.contracts.solver import drawn_rows
from modaxfer.errors import DataError
from modaxfer.heads.classical.cut import FitTargets
from modaxfer.heads.classical.folds import inner_folds
from modaxfer.heads.classical.trial import HeldOut
from modaxfer.heads.search_options import SEARCH_ROWS
from modaxfer.registry import problem_of, problem_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.contracts import Criterion, Judge, LayerFeatures, SolverContext
    from modaxfer.spec import ProblemSpec

__all__ = ["Sample", "refuse_unfinite"]

MANY_CLASSES, FEW_FOLDS = 20, 3


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows in blocks: each inner fold is one, and the last is the validation split; the same for every encoder."""

    order: np.ndarray
    """Numbers of the training rows, sorted by fold."""
    blocks: np.ndarray
    """int ``[rows]``: block of each row; those of validation come last."""
    validated: np.ndarray
    """Numbers of the validation rows, rising; none where there is no such split."""
    folds: int
    references: np.ndarray
    labels: FitTargets
    train_labels: FitTargets
    """Of all training rows, in their own order."""
    criterion: Criterion
    problem: ProblemSpec
    judge: Judge
    seed: int

    @classmethod
    def of(cls, context: SolverContext, folds: int) -> Sample:
        """Sort a sample of train by fold, put one of validation behind it; rows that were drawn before are the sample.

        Raises:
            RefusedError: There are several streams, or labels are hidden.
            DataError: There are too few rows for inner folds.
        """
        features, targets = context.only_stream()
        train = targets["train"]
        criterion = problem_of(context.problem).criterion(len(context.classes), train)
        chosen = _drawn(features[0].rows, len(train), context.seed)
        held = len(targets["validation"]) if features[0].validation is not None else 0
        validated = _drawn(features[0].validation_rows, held, context.seed)
        count = folds if criterion.outputs <= MANY_CLASSES else min(folds, FEW_FOLDS)
        groups = None if features[0].groups is None else features[0].groups[chosen]
        fold = inner_folds(train[chosen], count, groups=groups, seed=context.seed)
        order = chosen[np.argsort(fold, kind="stable")]
        references = np.concatenate([train[order], targets["validation"][validated]]) if held else train[order]
        used = int(fold.max()) + 1
        weights = criterion.class_weights(train) if context.class_weight else None
        return cls(
            order=order,
            blocks=np.concatenate([np.sort(fold), np.full(len(validated), used)]),
            validated=validated,
            folds=used,
            references=references,
            labels=FitTargets.of(references, criterion, weights),
            train_labels=FitTargets.of(train, criterion, weights),
            criterion=criterion,
            problem=problem_spec(context.problem),
            judge=context.judge,
            seed=context.seed,
        )

    def layers(self, features: LayerFeatures) -> tuple[np.ndarray, ...]:
        """Return all layers of the training rows, then of the validation rows, in the order of this sample."""
        train = _of(features.train, features.rows, self.order)
        if features.validation is None:
            return (train,)
        return train, _of(features.validation, features.validation_rows, self.validated)

    def sizes(self, rows: np.ndarray) -> tuple[int, ...]:
        """Return how many of `rows`, bool ``[rows]``, lie in each block."""
        return tuple(np.bincount(self.blocks[rows], minlength=self.folds + 1).tolist())

    def there(self, features: LayerFeatures) -> np.ndarray:
        """Return bool ``[rows]``: whether there is anything that the encoder could read."""
        if not features.there:
            return np.ones(len(self.references), bool)
        train, validation = features.there["train"][self.order], features.there.get("validation")
        return train if validation is None else np.concatenate([train, validation[self.validated]])

    def held_out(self, features: LayerFeatures, components: int) -> HeldOut:
        """Return what judges candidates on the rows of one encoder that it has something to read of.

        Args:
            features: Of that encoder.
            components: Dimensions that a reduction leaves, at most.
        """
        parts, there = self.layers(features), self.there(features)
        if not there.all():
            parts = tuple(part[own] for part, own in zip(parts, np.split(there, [len(self.order)]), strict=False))
        return self.judged(parts, there, components)

    def judged(self, parts: Sequence[np.ndarray], rows: np.ndarray, components: int) -> HeldOut:
        """Return what judges candidates on `parts`, what is known of `rows`, bool ``[rows]``, one behind the other."""
        sizes = self.sizes(rows)
        smallest = sum(sizes[:-1]) - max(sizes[:-1])
        return HeldOut(
            features=parts,
            references=self.references[rows],
            labels=self.labels if rows.all() else self.labels[_positions(rows)],
            sizes=sizes,
            criterion=self.criterion,
            problem=self.problem,
            judge=self.judge,
            components=max(1, min(components, smallest - 1, parts[0].shape[-1])),
            seed=self.seed,
        )


def refuse_unfinite(features: LayerFeatures) -> None:
    """Refuse features that are not numbers, which would make every head one that says nothing.

    Raises:
        DataError: As said; names split, layer and rows.
    """
    for split, pooled in (("train", features.train), ("validation", features.validation)):
        for layer in range(0 if pooled is None else features.layers):
            rows = np.flatnonzero(~np.isfinite(pooled[:, layer]).all(axis=(1, 2)))  # type: ignore[index]
            if len(rows):
                known = features.validation_rows if split == "validation" else features.rows
                own = rows if known is None else known[rows]
                named = ", ".join(str(row + 1) for row in own[:5]) + (", ..." if len(own) > 5 else "")
                raise DataError(
                    f"features of layer {layer} are not finite in {len(rows):,} {split} rows",
                    got=f"{split} rows {named}, counted from 1 as they are used",
                    fix="check the checkpoint, or compute with --precision fp32",
                )


def _drawn(given: np.ndarray | None, rows: int, seed: int) -> np.ndarray:
    return drawn_rows(rows, SEARCH_ROWS, seed) if given is None else given


def _of(vectors: np.ndarray, known: np.ndarray | None, wanted: np.ndarray) -> np.ndarray:
    """Return the `wanted` rows, by their numbers, of vectors of those that are `known`; None = of all."""
    places = wanted if known is None else np.searchsorted(known, wanted)
    # What is read as it lies is not copied: it may be on the disk.
    return vectors if np.array_equal(places, np.arange(len(vectors))) else vectors[places]


def _positions(rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.flatnonzero(rows))
