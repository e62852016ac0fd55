"""Scores that predict: a cheap head on frozen features, cross-validated, is the metric that a user asks for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from modaxfer.contracts import Judged
from modaxfer.heads.classical.calibration import Calibration
from modaxfer.heads.classical.cut import FitTargets
from modaxfer.metrics import Scored, default_metrics
from modaxfer.metrics.choice import find_metric
from modaxfer.metrics.costs import cheapest
from modaxfer.metrics.resampling import summed
from modaxfer.registry import problem_spec
from modaxfer.transferability.nests import Nests, by_neighbours, by_ridge
from modaxfer.transferability.reading import readings
from modaxfer.transferability.targets import criterion_of

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded
    from modaxfer.transferability.nests import Predictor, Said

__all__ = ["cross_validated", "linear_probe", "nearest_neighbours"]

ALL, SIX = 1000, 6
"""Single layers that are read; neighbours cost more than a ridge, and layers beside each other are much alike."""


def nearest_neighbours(encoded: Encoded) -> Judged:
    """Return the cross-validated metric of 5, 10 or 20 nearest neighbours by cosine, see `cross_validated`.

    Features are standardised in the fold; a neighbour's vote weighs ``exp(cosine / 0.07)`` (Wu et al. 2018).
    """
    return cross_validated(encoded, by_neighbours, setting="neighbours", layers=SIX)


def linear_probe(encoded: Encoded) -> Judged:
    """Return the cross-validated metric of a ridge on class indicators, labels or numbers, see `cross_validated`.

    Features are standardised in the fold. All penalties and splits of a layer share one product of its rows, which a
    logistic regression could not.
    """
    return cross_validated(encoded, by_ridge, setting="penalty", layers=ALL)


def cross_validated(encoded: Encoded, predictor: Predictor, *, setting: str, layers: int) -> Judged:
    """Return what a head says of rows that it was not fitted to, in five folds that groups do not cross.

    What is read (the mean of all layers, or one of them), the head's value and the scaling of its outputs are chosen
    for each fold by an inner cross-validation over the other folds, so that no row has a say in what predicts it.
    `Judged.layers` is the choice that all rows make together.

    Args:
        encoded: Any rows of a problem with a link.
        predictor: The head.
        setting: What its value is called.
        layers: Single layers that are read at most.

    Raises:
        RefusedError: There are fewer than three groups, or no layer tells rows apart.
    """
    search = _Search(encoded, scaled=predictor is by_ridge)
    for numbers, features in readings(encoded, layers):
        cut = search.nests.cut(features, search.labels)
        for value, said in predictor(cut, search.nests.left_out, search.link):
            search.hear(numbers, value, said)
    return search.concluded(setting)


class _Search:
    """Hears every candidate once and keeps, for each fold, the one that the other folds prefer; ties go to the first.

    Args:
        encoded: The rows.
        scaled: Whether outputs for classes and labels are no logits until held-out rows have scaled them.
    """

    def __init__(self, encoded: Encoded, *, scaled: bool) -> None:
        self.nests, self.criterion = Nests(encoded), criterion_of(encoded)
        self.link = problem_spec(encoded.problem).link
        self.references = encoded.targets[self.nests.order]
        self.labels = FitTargets.of(self.references, self.criterion, None)
        name = encoded.metric or default_metrics(encoded.problem)[0]
        self.metric = find_metric(name, encoded.problem, cost=encoded.cost)
        self.scaled = scaled and self.link != "identity"
        # One temperature leaves the likeliest class the likeliest. Labels have two numbers each, which cost more than
        # the ridge: candidates are compared by indicators of more than a half.
        self.scaled_first = (
            self.scaled and self.link == "softmax" and bool(self.metric.needs_scores or self.metric.cost)
        )
        self.kept: list[torch.Tensor] = []
        self.values = np.full(self.nests.count, -math.inf)
        self.by_layers: dict[tuple[int, ...], float] = {}
        self.chosen: tuple[tuple[int, ...], float] = ((), math.nan)

    def hear(self, layers: tuple[int, ...], value: float, said: Said) -> None:
        """Take what a candidate says."""
        nested = self.nests.nested(said)
        self.kept = self.kept or [*nested]
        for fold, outputs in enumerate(nested):
            rest = self.nests.fold != fold
            found = self._value(self._ready(outputs, rest, rough=not self.scaled_first), rest)
            if found > self.values[fold]:
                self.values[fold], self.kept[fold] = found, outputs
        whole = self._value(self._joined(nested, rough=not self.scaled_first))
        if not self.by_layers or whole > max(self.by_layers.values()):
            self.chosen = layers, value
        self.by_layers[layers] = max(whole, self.by_layers.get(layers, -math.inf))

    def concluded(self, setting: str) -> Judged:
        """Return what the folds' own choices say together, in the order in which rows were encoded."""
        outputs = self._joined(self.kept)
        predictions, scores = self._decoded(outputs[torch.from_numpy(np.argsort(self.nests.order))])
        layers, chosen = self.chosen
        return Judged(
            value=self._value(outputs),
            layers=layers,
            by_layers=self.by_layers,
            predictions=predictions,
            scores=scores,
            report={"metric": self.metric.name, "folds": self.nests.count, setting: chosen},
        )

    def _joined(self, nested: list[torch.Tensor], *, rough: bool = False) -> torch.Tensor:
        """Return logits ``[rows, outputs]``: of each nest the rows of its own fold."""
        whole = torch.empty_like(nested[0])
        for fold, outputs in enumerate(nested):
            own = self.nests.fold == fold
            whole[own] = self._ready(outputs, ~own, rough=rough)[own]
        return whole

    def _ready(self, outputs: torch.Tensor, rest: torch.Tensor, *, rough: bool = False) -> torch.Tensor:
        """Return `outputs` as logits, scaled by what the rows `rest` say, or in a `rough` way that leaves decisions."""
        if not self.scaled or (rough and self.link == "softmax"):
            return outputs
        if rough:
            return outputs - 0.5
        return Calibration.fit(outputs[rest], self.labels[rest], self.link).apply(outputs)

    def _decoded(self, outputs: torch.Tensor) -> tuple[np.ndarray, np.ndarray | None]:
        """Return predictions and scores; by a metric that reads costs what is expected to cost least is said."""
        predictions, scores = self.criterion.decode(outputs)
        if self.metric.cost and scores is not None:
            predictions = cheapest(scores, self.metric.cost)
        return predictions, scores

    def _value(self, outputs: torch.Tensor, rows: torch.Tensor | None = None) -> float:
        """Return the metric, greater is better; minus infinity where it is undefined."""
        place = slice(None) if rows is None else rows
        predictions, scores = self._decoded(outputs[place])
        references = self.references if rows is None else self.references[rows.numpy()]
        scored = Scored(predictions=predictions, scores=scores)
        found = summed([self.metric], references, scored)[self.metric.name]
        turned = found if self.metric.greater_is_better else -found
        return turned if math.isfinite(turned) else -math.inf
