"""Scores of predictions, thin over scikit-learn and named as its scorers.

Every function takes the same three arrays:

- `references`: class numbers ``[rows]``; 0/1 ``[rows, classes]`` for multi-label; float ``[rows]`` for regression.
- `predictions`: of the same shape and meaning.
- `scores`: probabilities ``[rows, classes]`` (for two classes also ``[rows]``, of class 1), or None where a metric
  needs none.

As in scikit-learn's scorers, a class that stands neither in the references nor in the predictions does not count in a
macro average, and a class that was never predicted (or never occurs) counts as 0. A score that the references leave
undefined is nan, without an exception or a warning; `modaxfer.metrics.why_undefined` says the reason.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

__all__ = [
    "accuracy",
    "average_precision",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "f1_micro",
    "gini",
    "ks",
    "mae",
    "mape",
    "matthews_corrcoef",
    "precision",
    "precision_macro",
    "quadratic_kappa",
    "r2",
    "recall",
    "recall_macro",
    "rmse",
    "roc_auc",
    "score_columns",
    "spearman",
]


def accuracy(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the share of rows that are right; for multi-label, right in every label."""
    return float(_sklearn().accuracy_score(references, predictions))


def balanced_accuracy(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean recall of the classes that occur in the references."""
    return float(_sklearn().recall_score(references, predictions, labels=np.unique(references), average="macro"))


def f1_macro(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean of the classes' F1."""
    return float(_sklearn().f1_score(references, predictions, average="macro", zero_division=0))


def f1_micro(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the F1 of all decisions counted together; equals accuracy unless multi-label."""
    return float(_sklearn().f1_score(references, predictions, average="micro", zero_division=0))


def recall_macro(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean of the classes' recall; a class that was predicted but never occurs counts as 0."""
    return float(_sklearn().recall_score(references, predictions, average="macro", zero_division=0))


def precision_macro(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean of the classes' precision."""
    return float(_sklearn().precision_score(references, predictions, average="macro", zero_division=0))


def matthews_corrcoef(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the correlation of references and predictions over the confusion matrix, -1 to 1 (Gorodkin 2004)."""
    if len(np.union1d(references, predictions)) < 2:
        return 0.0  # As scikit-learn says, which warns of it.
    return float(_sklearn().matthews_corrcoef(references, predictions))


def f1(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the F1 of class 1, the second one, of two classes."""
    return float(_sklearn().f1_score(references == 1, predictions == 1, zero_division=0))


def precision(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return which share of the rows that were said to be of class 1 is of it; of two classes."""
    return float(_sklearn().precision_score(references == 1, predictions == 1, zero_division=0))


def recall(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return which share of the rows of class 1 is found; of two classes."""
    return float(_sklearn().recall_score(references == 1, predictions == 1, zero_division=0))


def quadratic_kappa(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return Cohen's kappa with weights that grow with the square of the distance between classes (Cohen 1968).

    For classes that are steps of a scale: their order is that of the task's classes, of which name each step in order.
    nan where references and predictions are all of one class.
    """
    classes = np.arange(int(max(references.max(), predictions.max())) + 1)
    if len(np.union1d(references, predictions)) == 1:
        return math.nan
    return float(_sklearn().cohen_kappa_score(references, predictions, labels=classes, weights="quadratic"))


def gini(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the Gini coefficient of the scores of class 1 of two: twice the area under the ROC curve less 1."""
    return 2 * roc_auc(references, predictions, scores) - 1


def ks(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the Kolmogorov-Smirnov distance between the scores of class 1 of its rows and of the others, 0 to 1.

    That is the largest difference between true and false positive rate over all thresholds.
    """
    from scipy.stats import ks_2samp

    values = [
        ks_2samp(ranked[positive], ranked[~positive], method="asymp").statistic
        for positive, ranked in score_columns(references, scores)
    ]
    return float(np.mean(values)) if values else math.nan


def roc_auc(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the area under the ROC curve: of class 1 for two classes, else the mean of each class against the rest.

    Classes without a positive or without a negative row do not count; nan where none is left.
    """
    return _mean_over_columns(_sklearn().roc_auc_score, references, scores)


def average_precision(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the average precision over recall: of class 1 for two classes, else the mean of each against the rest.

    Classes without a positive or without a negative row do not count; nan where none is left.
    """
    return _mean_over_columns(_sklearn().average_precision_score, references, scores)


def rmse(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the root of the mean squared error, in the target's unit."""
    return float(_sklearn().root_mean_squared_error(references, predictions))


def mae(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean absolute error, in the target's unit."""
    return float(_sklearn().mean_absolute_error(references, predictions))


def mape(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the mean absolute error as a share of the reference (0.1 is 10 %); nan where a reference is 0."""
    if not references.all():
        return math.nan
    return float(_sklearn().mean_absolute_percentage_error(references, predictions))


def spearman(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return Spearman's correlation of the ranks, -1 to 1; 0 where all predictions are equal, and so rank nothing.

    nan where all references are equal.
    """
    from scipy.stats import spearmanr

    if np.ptp(references) == 0:
        return math.nan
    return 0.0 if np.ptp(predictions) == 0 else float(spearmanr(references, predictions).statistic)


def r2(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None = None) -> float:
    """Return the share of variance explained, at most 1; nan where all references are equal."""
    if np.ptp(references) == 0:
        return math.nan
    return float(_sklearn().r2_score(references, predictions))


def score_columns(references: np.ndarray, scores: np.ndarray | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the one-against-rest problems of a ranking metric: bool ``[rows]`` positives and their scores ``[rows]``.

    Two classes are one problem, that of class 1. Problems without a positive or without a negative row are left out.
    """
    assert scores is not None
    if references.ndim == 2:
        columns = [(references[:, position] > 0, scores[:, position]) for position in range(scores.shape[1])]
    elif scores.ndim == 1 or scores.shape[1] <= 2:
        columns = [(references == 1, scores if scores.ndim == 1 else scores[:, -1])]
    else:
        columns = [(references == position, scores[:, position]) for position in range(scores.shape[1])]
    return (column for column in columns if column[0].any() and not column[0].all())


def _mean_over_columns(
    score: Callable[[np.ndarray, np.ndarray], float], references: np.ndarray, scores: np.ndarray | None
) -> float:
    values = [score(positive, ranked) for positive, ranked in score_columns(references, scores)]
    return float(np.mean(values)) if values else math.nan


def _sklearn() -> ModuleType:
    """Return scikit-learn's metrics: half a second of a run's start, which training has no need of."""
    from sklearn import metrics

    return cast("ModuleType", metrics)
