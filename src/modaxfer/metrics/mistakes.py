"""Which wrong predictions a model was surest of: where to look first for wrong labels, and for what it cannot see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST", "Mistaken", "surest_mistakes"]

MOST = 10
"""How many mistakes are shown."""


class Mistaken(NamedTuple):
    """One wrong prediction."""

    row: int
    score: float
    """Score of the wrong class; the error (prediction minus target) in regression; NaN where there is none."""
    label: int
    """Of a multi-label row, the column that `score` belongs to; else -1."""


def surest_mistakes(
    problem: Problem, targets: np.ndarray, predicted: np.ndarray, scores: np.ndarray | None, count: int = MOST
) -> tuple[Mistaken, ...]:
    """Return up to `count` wrong predictions: the surest first, the largest errors first in regression.

    Args:
        problem: What the target asks for.
        targets: Class numbers ``[rows]``; bool ``[rows, labels]`` for multi-label; values ``[rows]`` for regression.
        predicted: Of the same shape and meaning.
        scores: Probabilities ``[rows, classes]``, NaN where one is not known; None where there are none.
        count: How many at most.
    """
    if problem is Problem.REGRESSION:
        found = _errors(targets, predicted)
    elif problem is Problem.MULTILABEL:
        found = _labels(targets, predicted, scores)
    else:
        found = _classes(targets, predicted, scores)
    ordered = sorted(found, key=lambda item: -math.inf if math.isnan(item[0]) else item[0], reverse=True)
    return tuple(mistake for _, mistake in ordered[:count])


_Found = tuple[float, Mistaken]
"""How sure the mistake was, and what it is."""


def _classes(targets: np.ndarray, predicted: np.ndarray, scores: np.ndarray | None) -> Iterator[_Found]:
    for row in np.flatnonzero(targets != predicted).tolist():
        score = math.nan if scores is None else float(scores[row, predicted[row]])
        yield score, Mistaken(row, score, -1)


def _labels(targets: np.ndarray, predicted: np.ndarray, scores: np.ndarray | None) -> Iterator[_Found]:
    """Yield a row's surest wrong label: scores are probabilities, so distance from a half is how sure it was."""
    wrong = targets != predicted
    for row in np.flatnonzero(wrong.any(axis=1)).tolist():
        labels = np.flatnonzero(wrong[row])
        if scores is None:
            yield math.nan, Mistaken(row, math.nan, int(labels[0]))
            continue
        sure = np.abs(scores[row, labels] - 0.5)
        place = int(np.argmax(np.nan_to_num(sure, nan=-1.0)))
        yield float(sure[place]), Mistaken(row, float(scores[row, labels[place]]), int(labels[place]))


def _errors(targets: np.ndarray, predicted: np.ndarray) -> Iterator[_Found]:
    for row, error in enumerate((np.asarray(predicted, np.float64) - targets).tolist()):
        if error != 0:
            yield abs(error), Mistaken(row, error, -1)
