"""Scores of probabilities: do they mean what they say? Conventions as in `modaxfer.metrics.scores`.

All three are sums over rows, so that resamples of the rows cost no more than the scores themselves.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.metrics.weighted import divide

if TYPE_CHECKING:
    from modaxfer.metrics.weighted import Finish

__all__ = ["BINS", "Probabilities", "brier_score", "ece", "log_loss"]

BINS = 15
"""Bins of equal width over the confidences 0 ... 1, as Guo et al. 2017 have them."""

LEAST = float(np.finfo(np.float64).eps)
"""Probabilities are taken as at least this, and at most 1 less this, as scikit-learn does."""


def log_loss(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean negative logarithm (natural) of the true class's probability; for multi-label, over all labels.

    Rows of a class that has no score are left out: it would be infinite. nan where no row is left.
    """
    return _over_all(log_loss, references, scores)


def brier_score(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean squared error of probabilities, 0 (best) to 1; of more than two classes summed over them, to 2.

    That is Brier 1950 for several classes, and half of it for two, as scikit-learn has it. For multi-label it is the
    mean over labels.
    """
    return _over_all(brier_score, references, scores)


def ece(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the expected calibration error: how far confidence and share of right rows lie apart, 0 (best) to 1.

    Of the class with the highest score, in 15 bins of equal width ``(low, high]``, each weighed by its rows (Guo et al.
    2017, equation 3). For multi-label each label is a row of its own, and its bins compare probability with frequency.
    """
    return _over_all(ece, references, scores)


class Probabilities:
    """These scores over many resamples, conventions as in `modaxfer.metrics.weighted`."""

    most = None

    def __init__(self, references: np.ndarray, scores: np.ndarray) -> None:
        self._given = references, scores
        self.finish: Finish = {
            log_loss: lambda sums: divide(sums[:, 0], sums[:, 1], undefined=np.nan),
            brier_score: lambda sums: divide(sums[:, 2], sums[:, -1], undefined=np.nan),
            ece: lambda sums: divide(np.abs(sums[:, 3:-1]).sum(1), sums[:, -1], undefined=np.nan),
        }

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return ``[resamples, 4 + bins]``: losses, rows that have one, squares, gap per bin, rows."""
        summed: np.ndarray = weights @ self._rows
        return summed

    @cached_property
    def _rows(self) -> np.ndarray:
        """What each row adds to the sums; worked out only where one of these scores is asked for."""
        references, scores = self._given
        likely, several = _columns(scores.astype(float), references), references.ndim == 2
        true = _true(references, likely.shape[1])
        known = np.ones(len(true), bool) if several else true.any(1)
        losses = np.where(known, _losses(true, likely, several), 0.0)
        parts = (losses, known, _squares(true, likely, several), _gaps(true, likely, several), np.ones(len(true)))
        return np.column_stack(parts)


def _over_all(score: object, references: np.ndarray, scores: np.ndarray | None) -> float:
    assert scores is not None, "asked for before"
    family = Probabilities(references, scores)
    (value,) = family.finish[score](family.sums(np.ones((1, len(references)))))  # type: ignore[index]
    return float(value)


def _columns(scores: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Return ``[rows, classes]``: of two classes the score of class 1 alone may be given."""
    if references.ndim == 1 and scores.ndim == 1:
        return np.stack([1 - scores, scores], 1)
    return scores if scores.ndim == 2 else scores[:, None]


def _true(references: np.ndarray, columns: int) -> np.ndarray:
    """Return 0/1 ``[rows, columns]``; a class without a score is no column."""
    several = references.ndim == 2
    found: np.ndarray = references[:, :columns] > 0 if several else references[:, None] == np.arange(columns)
    return found.astype(float)


def _losses(true: np.ndarray, likely: np.ndarray, several: bool) -> np.ndarray:
    clipped = likely.clip(LEAST, 1 - LEAST if several else 1.0)
    if several:
        loss: np.ndarray = -(true * np.log(clipped) + (1 - true) * np.log1p(-clipped)).mean(1)
        return loss
    of_true: np.ndarray = -(true * np.log(clipped / clipped.sum(1, keepdims=True))).sum(1)
    return of_true


def _squares(true: np.ndarray, likely: np.ndarray, several: bool) -> np.ndarray:
    """Return each row's squared error; a class without a score is said with probability 0, and is wrong by 1."""
    squares = np.square(likely - true)
    if several:
        mean: np.ndarray = squares.mean(1)
        return mean
    summed: np.ndarray = squares.sum(1) + (1 - true.sum(1))
    return summed / 2 if likely.shape[1] == 2 else summed


def _gaps(true: np.ndarray, likely: np.ndarray, several: bool) -> np.ndarray:
    """Return ``[rows, bins]``: right less confidence, in the bin of the confidence."""
    if not several:
        best = likely.argmax(1)[:, None]
        true, likely = np.take_along_axis(true, best, 1), np.take_along_axis(likely, best, 1)
    place = np.ceil(likely * BINS).astype(int).clip(1, BINS) - 1
    gaps = np.zeros((len(true), BINS))
    rows = np.broadcast_to(np.arange(len(true))[:, None], place.shape)
    np.add.at(gaps, (rows, place), (true - likely) / likely.shape[1])
    return gaps
