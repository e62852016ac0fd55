"""Folds within folds: whatever is chosen for a fold is chosen by fits that saw nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from modaxfer.errors import RefusedError
from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.folds import inner_folds
from modaxfer.heads.classical.ridge import Ridge, solve_ridge
from modaxfer.heads.classical.space import Space, solve_positive
from modaxfer.heads.nearest import KNearestHead

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["Nests", "Predictor", "Said", "by_neighbours", "by_ridge"]

FOLDS, FEWEST = 5, 3
NEIGHBOURS = (5, 10, 20)

Said = list[torch.Tensor]
"""By split: outputs of the rows that it leaves out, ``[rows, outputs]``."""


class Predictor(Protocol):
    """Fits a head to the training rows of every split of a cut, for each value of a grid."""

    def __call__(self, cut: Cut, left_out: Sequence[torch.Tensor], link: str) -> Iterator[tuple[float, Said]]:
        """Yield each value with what is said of the rows `left_out`, positions by split."""
        ...


class Nests:
    """Rows sorted by fold. A split leaves out one fold, or two: the second is judged to choose what predicts the first.

    Of five folds there are five splits of the first kind and ten of the second, each of which serves both its folds.

    Args:
        encoded: The rows.


    Raises:
        RefusedError: There are fewer than three groups.
    """

    def __init__(self, encoded: Encoded) -> None:
        groups = len(encoded.targets) if encoded.groups is None else len(np.unique(encoded.groups))
        if groups < FEWEST:
            raise RefusedError(
                "not enough labelled rows to judge an encoder",
                got=f"{len(encoded.targets)} rows in {groups} groups",
                allowed=f"at least {FEWEST} groups of rows that belong together",
                fix="give more labelled rows",
            )
        folds = inner_folds(encoded.targets, FOLDS, groups=encoded.groups, seed=encoded.seed)
        self.sizes = tuple(int(size) for size in np.bincount(folds))
        self.order = np.argsort(folds, kind="stable")
        self.fold = torch.from_numpy(folds[self.order])
        self.count = len(self.sizes)
        self.splits = [*((fold,) for fold in range(self.count)), *combinations(range(self.count), 2)]
        self.left_out = [torch.isin(self.fold, torch.tensor(out)).nonzero()[:, 0] for out in self.splits]

    def cut(self, features: np.ndarray, labels: FitTargets) -> Cut:
        """Return `features` ``[rows, width]``, cut by fold; `labels` are sorted already."""
        cut = Cut.of(torch.from_numpy(features[self.order]).float(), labels, (*self.sizes, 0))
        uses = torch.ones(len(self.splits), self.count + 1)
        uses[:, -1] = 0
        for place, out in enumerate(self.splits):
            uses[place, list(out)] = 0
        return replace(cut, uses=uses)

    def nested(self, said: Said) -> list[torch.Tensor]:
        """Return ``[rows, outputs]`` by fold: its own rows by a fit to all others, others by fits without both."""
        found = []
        for fold in range(self.count):
            outputs = torch.empty(len(self.fold), said[0].shape[1])
            for out, rows, values in zip(self.splits, self.left_out, said, strict=True):
                if fold in out:
                    mine = self.fold[rows] == (out[0] + out[-1] - fold)
                    outputs[rows[mine]] = values[mine]
            found.append(outputs)
        return found


def by_ridge(cut: Cut, left_out: Sequence[torch.Tensor], link: str) -> Iterator[tuple[float, Said]]:
    """Predict by a ridge on standardised features; see `Predictor`. All splits and penalties share one product."""
    if cut.rows.shape[1] > len(cut.rows):
        yield from _by_few_rows(cut, left_out)
        return
    space = Space.standardised(cut)
    for penalty in Ridge.grid:
        maps = solve_ridge(space, penalty)
        yield (
            penalty,
            [torch.addmm(maps.bias[split], cut.rows[rows], maps.weight[split]) for split, rows in enumerate(left_out)],
        )


def _by_few_rows(cut: Cut, left_out: Sequence[torch.Tensor]) -> Iterator[tuple[float, Said]]:
    """Predict by the same ridge where rows are fewer than features: by products of rows with rows (Saunders 1998)."""
    said: dict[float, Said] = {penalty: [] for penalty in Ridge.grid}
    for split, rows in enumerate(left_out):
        known = cut.training(split)
        mean, scale = _scaler(cut.rows[known])
        bank, asked = (cut.rows[known] - mean) / scale, (cut.rows[rows] - mean) / scale
        columns = cut.labels.columns[known]
        offset, products, across = columns.mean(0), bank @ bank.T, asked @ bank.T
        for penalty, outputs in said.items():
            solved = solve_positive((products + penalty * torch.eye(len(bank)))[None], (columns - offset)[None])[0]
            outputs.append(across @ solved + offset)
    yield from said.items()


def _scaler(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and deviation of each feature, 1 for one that does not move among these rows."""
    variance, mean = torch.var_mean(rows, 0, correction=0)
    return mean, torch.where(variance > 1e-6, variance, torch.ones(())).sqrt()


def by_neighbours(cut: Cut, left_out: Sequence[torch.Tensor], link: str) -> Iterator[tuple[float, Said]]:
    """Predict by neighbours of the same direction, of standardised features; see `Predictor`."""
    most, found = max(NEIGHBOURS), []
    for split, rows in enumerate(left_out):
        known = cut.training(split)
        bank = cut.rows[known]
        mean, scale = _scaler(bank)
        head = KNearestHead.from_rows(
            bank,
            cut.labels.columns[known],
            cut.labels.weights[known],
            mean=mean,
            scale=scale,
            neighbours=most,
            votes="value" if link == "identity" else link,
        )
        found.append((head, *head.nearest(cut.rows[rows], most)))
    for count in NEIGHBOURS:
        yield count, [head.vote(similarity, place, count) for head, similarity, place in found]
