"""Scores of many resamples at once: sums of what each row adds, weighted by how often the row was drawn.

Every family answers for some functions of `modaxfer.metrics.scores`, with the same conventions. `weights` is
``[resamples, rows]``: how often each row stands in each resample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from scipy import sparse

from modaxfer.metrics import scores as plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Finish = Mapping[Callable[..., float], Callable[[np.ndarray], np.ndarray]]

__all__ = ["Classes", "Family", "Labels", "Values", "divide"]


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
    """Scores of class decisions, from the confusion matrix ``[resamples, true class, predicted class]``."""

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        labels, codes = np.unique(np.concatenate([references, predictions]), return_inverse=True)
        rows, self._count = len(references), len(labels)
        cells = codes[:rows] * self._count + codes[rows:]
        shape = (self._count**2, rows)
        self._cells = sparse.csr_array((np.ones(rows), (cells, np.arange(rows))), shape=shape)
        self.finish: Finish = {
            plain.accuracy: _accuracy,
            plain.f1_micro: _accuracy,
            plain.balanced_accuracy: _balanced,
            plain.f1_macro: lambda matrix: _macro(matrix, true_weight=0.5),
            plain.recall_macro: lambda matrix: _macro(matrix, true_weight=1.0),
            plain.precision_macro: lambda matrix: _macro(matrix, true_weight=0.0),
            plain.matthews_corrcoef: _matthews,
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the confusion matrix of every resample."""
        cells: np.ndarray = (self._cells @ weights.T).T
        return cells.reshape(len(weights), self._count, self._count)


class Labels:
    """Scores of multi-label decisions, from true and false positives and false negatives per label."""

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        true, said = references > 0, predictions > 0
        right = (true == said).all(1, keepdims=True)
        self._columns = np.concatenate([true & said, said & ~true, true & ~said, right], axis=1).astype(float)
        self._total = len(references)
        self.finish: Finish = {
            plain.accuracy: lambda sums: sums[:, -1] / self._total,
            plain.f1_macro: lambda sums: _label_f1(*_parts(sums)).mean(1),
            plain.f1_micro: lambda sums: _label_f1(*(part.sum(1) for part in _parts(sums))),
            plain.recall_macro: lambda sums: divide(_parts(sums)[0], _parts(sums)[0] + _parts(sums)[2]).mean(1),
            plain.precision_macro: lambda sums: divide(_parts(sums)[0], _parts(sums)[0] + _parts(sums)[1]).mean(1),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 3 * labels + 1]``."""
        sums: np.ndarray = weights @ self._columns
        return sums


class Values:
    """Scores of a regression, from squared and absolute errors and the references' first two moments."""

    most = None

    def __init__(self, references: np.ndarray, predictions: np.ndarray) -> None:
        error = predictions.astype(float) - references
        centred = references - references.mean(dtype=float)
        self._columns = np.stack([error**2, np.abs(error), centred, centred**2], axis=1)
        self._total = len(references)
        self.finish: Finish = {
            plain.rmse: lambda sums: np.sqrt(sums[:, 0] / self._total),
            plain.mae: lambda sums: sums[:, 1] / self._total,
            plain.r2: lambda sums: 1 - divide(sums[:, 0], sums[:, 3] - sums[:, 2] ** 2 / self._total, undefined=np.nan),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 4]``."""
        sums: np.ndarray = weights @ self._columns
        return sums


def divide(above: np.ndarray, below: np.ndarray, undefined: float = 0.0) -> np.ndarray:
    """Return ``above / below``, and `undefined` where `below` is not positive."""
    quotient = np.full(np.shape(above), undefined)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def _accuracy(matrix: np.ndarray) -> np.ndarray:
    return divide(np.trace(matrix, axis1=1, axis2=2), matrix.sum((1, 2)))


def _balanced(matrix: np.ndarray) -> np.ndarray:
    right, true = np.diagonal(matrix, axis1=1, axis2=2), matrix.sum(2)
    return divide(divide(right, true).sum(1), (true > 0).sum(1))


def _macro(matrix: np.ndarray, true_weight: float) -> np.ndarray:
    """Average ``right / (w true + (1 - w) said)`` over the classes of a resample; w: 1 recall, 0 precision, 1/2 F1."""
    right, true, said = np.diagonal(matrix, axis1=1, axis2=2), matrix.sum(2), matrix.sum(1)
    per_class = divide(right, true_weight * true + (1 - true_weight) * said)
    return divide(per_class.sum(1), (true + said > 0).sum(1))


def _matthews(matrix: np.ndarray) -> np.ndarray:
    """Follow Gorodkin 2004; 0 where all references or all predictions are equal, as scikit-learn does."""
    right, true, said = np.trace(matrix, axis1=1, axis2=2), matrix.sum(2), matrix.sum(1)
    total = true.sum(1)
    product = (total**2 - (true**2).sum(1)) * (total**2 - (said**2).sum(1))
    return divide(right * total - (true * said).sum(1), np.sqrt(product))


def _parts(sums: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(np.split(sums[:, :-1], 3, axis=1))


def _label_f1(both: np.ndarray, only_said: np.ndarray, only_true: np.ndarray) -> np.ndarray:
    return divide(2 * both, 2 * both + only_said + only_true)
