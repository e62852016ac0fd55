"""Scores of many resamples at once: sums of what each row adds, weighted by how often the row was drawn.

Every family answers for some functions of `modaxfer.metrics.scores`, with the same conventions. `weights` is
``[resamples, rows]``: how often each row stands in each resample. Resamples may differ in rows: groups of rows do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from modaxfer.metrics import scores as plain
from modaxfer.metrics.costs import CostMatrix, costs_of_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Finish = Mapping[Callable[..., float], Callable[[np.ndarray], np.ndarray]]

__all__ = ["Classes", "Costs", "Family", "Labels", "Values", "divide"]

FEW = 8
"""Classes up to which a matrix product counts sooner than row after row is put into its bin."""


class Family(Protocol):
    """Scores that share their sums."""

    @property
    def finish(self) -> Finish:
        """Score function to what turns sums ``[resamples, ...]`` into values ``[resamples]``."""
        ...

    @property
    def most(self) -> int | None:
        """Resamples it can afford; None for any number."""
        ...

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums of every resample."""
        ...


class Classes:
    """Scores of class decisions, from each class's rows, predictions and hits: never a confusion matrix.

    Sums are ``[resamples, 3, classes]`` (hits, rows, predictions), over classes that occur: memory and time grow with
    rows and classes, not with the square of classes. Of few classes one matrix product counts all resamples; counts
    are whole numbers, so that it gives the same to the last digit.
    """

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        codes, self._count = _number(np.concatenate([references, predictions]))
        self._true, self._said = codes[: len(references)], codes[len(references) :]
        self._hits = np.flatnonzero(self._true == self._said)
        self._columns = self._indicators() if self._count <= FEW else np.empty(0)
        self.finish: Finish = {
            plain.accuracy: _accuracy,
            plain.f1_micro: _accuracy,
            plain.balanced_accuracy: _balanced,
            plain.f1_macro: lambda sums: _macro(sums, true_weight=0.5),
            plain.recall_macro: lambda sums: _macro(sums, true_weight=1.0),
            plain.precision_macro: lambda sums: _macro(sums, true_weight=0.0),
            plain.matthews_corrcoef: _matthews,
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return hits, rows and predictions per class of every resample."""
        if self._count <= FEW:
            counted: np.ndarray = weights @ self._columns
            return counted.reshape(len(weights), 3, self._count)
        sums = np.empty((len(weights), 3, self._count))
        for (right, true, said), drawn in zip(sums, weights, strict=True):
            right[:] = np.bincount(self._true[self._hits], drawn[self._hits], self._count)
            true[:] = np.bincount(self._true, drawn, self._count)
            said[:] = np.bincount(self._said, drawn, self._count)
        return sums

    def _indicators(self) -> np.ndarray:
        """Return 0/1 ``[rows, 3 * classes]``: which row is a hit, a row and a prediction of which class."""
        true, said = (codes[:, None] == np.arange(self._count) for codes in (self._true, self._said))
        return np.concatenate([true & said, true, said], axis=1).astype(float)


class Costs:
    """The mean of what mistakes cost, over rows whose class has costs."""

    most = None

    def __init__(
        self, references: np.ndarray, predictions: np.ndarray, score: Callable[..., float], cost: CostMatrix
    ) -> None:
        costs = costs_of_rows(references, predictions, cost)
        self._columns = np.stack([np.nan_to_num(costs), ~np.isnan(costs)], axis=1).astype(float)
        self.finish: Finish = {score: lambda sums: divide(sums[:, 0], sums[:, 1], undefined=np.nan)}

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 2]``: costs, and rows that have them."""
        summed: np.ndarray = weights @ self._columns
        return summed


class Labels:
    """Scores of multi-label decisions, from true and false positives and false negatives per label."""

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        true, said = references > 0, predictions > 0
        right = (true == said).all(1, keepdims=True)
        self._columns = np.concatenate([true & said, said & ~true, true & ~said, right], axis=1).astype(float)
        self.finish: Finish = {
            plain.accuracy: lambda sums: sums[:, -2] / sums[:, -1],
            plain.f1_macro: lambda sums: _label_f1(*_parts(sums)).mean(1),
            plain.f1_micro: lambda sums: _label_f1(*(part.sum(1) for part in _parts(sums))),
            plain.recall_macro: lambda sums: divide(_parts(sums)[0], _parts(sums)[0] + _parts(sums)[2]).mean(1),
            plain.precision_macro: lambda sums: divide(_parts(sums)[0], _parts(sums)[0] + _parts(sums)[1]).mean(1),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 3 * labels + 2]``: the last column is the number of rows."""
        return _with_total(weights, self._columns)


class Values:
    """Scores of a regression, from squared and absolute errors and the references' first two moments."""

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        error = predictions.astype(float) - references
        centred = references - references.mean(dtype=float)
        self._columns = np.stack([error**2, np.abs(error), centred, centred**2], axis=1)
        self.finish: Finish = {
            plain.rmse: lambda sums: np.sqrt(sums[:, 0] / sums[:, 4]),
            plain.mae: lambda sums: sums[:, 1] / sums[:, 4],
            plain.r2: lambda sums: 1 - divide(sums[:, 0], sums[:, 3] - sums[:, 2] ** 2 / sums[:, 4], undefined=np.nan),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 5]``: the last column is the number of rows."""
        return _with_total(weights, self._columns)


def divide(above: np.ndarray, below: np.ndarray, undefined: float = 0.0) -> np.ndarray:
    """Return ``above / below``, and `undefined` where `below` is not positive."""
    quotient = np.full(np.shape(above), undefined)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def _number(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the place of each label among the sorted distinct ones, and how many there are."""
    lowest, highest = labels.min(), labels.max()
    if not np.issubdtype(labels.dtype, np.integer) or highest - lowest > 2 * len(labels) + 1000:
        distinct, codes = np.unique(labels, return_inverse=True)
        return codes.reshape(-1), len(distinct)
    # Class numbers are small: counting them is far faster than sorting them.
    present = np.bincount(labels - lowest) > 0
    return (np.cumsum(present) - 1)[labels - lowest], int(present.sum())


def _with_total(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the columns' sums and, behind them, the number of rows: groups of rows make resamples differ in that."""
    return np.column_stack([weights @ columns, weights.sum(1)])


def _accuracy(sums: np.ndarray) -> np.ndarray:
    return divide(sums[:, 0].sum(1), sums[:, 1].sum(1))


def _balanced(sums: np.ndarray) -> np.ndarray:
    right, true = sums[:, 0], sums[:, 1]
    return divide(divide(right, true).sum(1), (true > 0).sum(1))


def _macro(sums: np.ndarray, true_weight: float) -> np.ndarray:
    """Average ``right / (w true + (1 - w) said)`` over the classes of a resample; w: 1 recall, 0 precision, 1/2 F1."""
    right, true, said = sums[:, 0], sums[:, 1], sums[:, 2]
    per_class = divide(right, true_weight * true + (1 - true_weight) * said)
    return divide(per_class.sum(1), (true + said > 0).sum(1))


def _matthews(sums: np.ndarray) -> np.ndarray:
    """Follow Gorodkin 2004; 0 where all references or all predictions are equal, as scikit-learn does."""
    right, true, said = sums[:, 0].sum(1), sums[:, 1], sums[:, 2]
    total = true.sum(1)
    product = (total**2 - (true**2).sum(1)) * (total**2 - (said**2).sum(1))
    return divide(right * total - (true * said).sum(1), np.sqrt(product))


def _parts(sums: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.split(sums[:, :-2], 3, axis=1))


def _label_f1(both: np.ndarray, only_said: np.ndarray, only_true: np.ndarray) -> np.ndarray:
    return divide(2 * both, 2 * both + only_said + only_true)
