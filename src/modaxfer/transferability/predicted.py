"""Scores that predict: a cheap head on frozen features, cross-validated, is the metric that a user asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import Judged
from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import Cut, FitTargets
from modaxfer.heads.classical.family import head_named
from modaxfer.heads.classical.folds import inner_folds
from modaxfer.heads.classical.space import Space
from modaxfer.metrics import default_metrics
from modaxfer.metrics.choice import find_metric
from modaxfer.metrics.resampling import Scored, weighted
from modaxfer.registry import problem_spec
from modaxfer.transferability.reading import readings
from modaxfer.transferability.targets import objective_of

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded
    from modaxfer.heads.classical.family import ClassicalHead
    from modaxfer.metrics.choice import Metric

__all__ = ["cross_validated", "linear_probe", "nearest_neighbours"]

FOLDS = 5
NEIGHBOURS = (5, 10, 20)


def nearest_neighbours(encoded: Encoded) -> Judged:
    """Return the cross-validated metric of nearest neighbours by cosine, see `cross_validated`.

    Features are standardised in the fold; a neighbour's vote weighs ``exp(cosine / 0.07)`` (Wu et al. 2018).
    """
    return cross_validated(encoded, "modaxfer/knn", NEIGHBOURS)


def linear_probe(encoded: Encoded) -> Judged:
    """Return the cross-validated metric of a ridge on class indicators, labels or numbers, see `cross_validated`.

    Features are standardised in the fold. All penalties and folds of a layer share one product of its rows, which a
    logistic regression could not.
    """
    return cross_validated(encoded, "modaxfer/ridge", head_named("modaxfer/ridge").grid)


def cross_validated(encoded: Encoded, head: str, grid: Sequence[Any]) -> Judged:
    """Return what a classical head says of rows that it was not fitted to, in five folds that groups do not cross.

    What to read (the mean of all layers, or one of them) and the head's value are chosen for each fold by the metric on
    the other folds' held-out rows, so that no row has a say in what predicts it but through the one or two numbers of
    the calibration. `Judged.layers` is the choice that all rows make together.

    Args:
        encoded: Any rows of a problem with a link.
        head: Registered name of a classical head.
        grid: Its values.

    Raises:
        DataError: There are fewer than two groups.
        RefusedError: No layer tells rows apart.
    """
    folds = inner_folds(encoded.targets, FOLDS, groups=encoded.groups, seed=encoded.seed)
    rows = _Folded(encoded, folds)
    search = _Search(rows)
    for layers, features in readings(encoded):
        for value, outputs in rows.held_out(features, head_named(head), grid):
            search.hear(layers, value, outputs)
    return search.concluded(head_named(head).setting)


class _Folded:
    """Rows sorted by fold, with all that does not depend on what is read of them."""

    def __init__(self, encoded: Encoded, folds: np.ndarray) -> None:
        self.order = np.argsort(folds, kind="stable")
        self.sizes = tuple(int(size) for size in np.bincount(folds))
        self.references = encoded.targets[self.order]
        self.objective, self.link = objective_of(encoded), problem_spec(encoded.problem).link
        self.labels = FitTargets.of(self.references, self.objective, None)
        name = encoded.metric or default_metrics(encoded.problem)[0]
        self.metric: Metric = find_metric(name, encoded.problem)
        fold = folds[self.order]
        self.weights = np.concatenate([fold[None] != np.arange(len(self.sizes))[:, None], np.ones((1, len(fold)))])
        self.blocks = [np.flatnonzero(fold == number) for number in range(len(self.sizes))]

    def held_out(
        self, features: np.ndarray, head: ClassicalHead, grid: Sequence[Any]
    ) -> Iterator[tuple[Any, torch.Tensor]]:
        """Yield the outputs ``[rows, outputs]`` for each value, each row's by a fit to the other folds; as logits."""
        cut = Cut.of(torch.from_numpy(features[self.order]).float(), self.labels, (*self.sizes, 0))
        # Nobody asks for a fit to all rows.
        cut = replace(cut, uses=cut.uses[: len(self.sizes)], held=cut.held[: len(self.sizes)])
        for value, outputs in head.held_out(Space.standardised(cut), grid, self.link):
            if head.scaled and self.link != "identity":
                yield value, Calibration.fit(outputs, self.labels, self.link).apply(outputs)
            else:
                yield value, outputs

    def metric_without(self, outputs: torch.Tensor) -> np.ndarray:
        """Return the metric on all rows but those of each fold, and last on all rows; greater is better."""
        predictions, scores = self.objective.decode(outputs)
        scored = Scored(predictions=predictions, scores=scores)
        found = weighted([self.metric], self.references, scored, self.weights)[self.metric.name]
        turned = found if self.metric.greater_is_better else -found
        return np.where(np.isfinite(turned), turned, -math.inf)


@dataclass
class _Search:
    """Hears every candidate once and keeps, for each fold, what the candidate that the others prefer says of it."""

    rows: _Folded
    best: np.ndarray = field(init=False)
    outputs: torch.Tensor | None = None
    chosen: tuple[tuple[int, ...], Any] = ((), None)
    by_layers: dict[tuple[int, ...], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.best = np.full(len(self.rows.sizes) + 1, -math.inf)

    def hear(self, layers: tuple[int, ...], value: Any, outputs: torch.Tensor) -> None:
        """Take a candidate's held-out outputs ``[rows, outputs]``; ties go to the earlier one."""
        found = self.rows.metric_without(outputs)
        self.by_layers[layers] = max(float(found[-1]), self.by_layers.get(layers, -math.inf))
        if self.outputs is None:
            self.outputs, self.chosen = outputs.clone(), (layers, value)
        better = found > self.best
        self.best[better] = found[better]
        for number in np.flatnonzero(better[:-1]):
            block = self.rows.blocks[number]
            self.outputs[block] = outputs[block]
        if better[-1]:
            self.chosen = layers, value

    def concluded(self, setting: str) -> Judged:
        """Return what the folds' own choices say together, in the order of the rows that were given."""
        assert self.outputs is not None, "there is a layer and a value"
        value = float(self.rows.metric_without(self.outputs)[-1])
        back = np.argsort(self.rows.order)
        predictions, scores = self.rows.objective.decode(self.outputs[torch.from_numpy(back)])
        layers, chosen = self.chosen
        report = {"metric": self.rows.metric.name, "folds": len(self.rows.sizes), setting: chosen}
        return Judged(
            value=value,
            layers=layers,
            by_layers=self.by_layers,
            predictions=predictions,
            scores=scores,
            report=report,
        )
