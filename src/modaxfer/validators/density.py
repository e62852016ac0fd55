"""How much likelier each source row is in the target: the ratio of two densities, by a classifier of domains."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

__all__ = ["density_ratio"]

FOLDS = 5
DIMENSIONS = 50
"""Principal components that a classifier of domains sees, at most, and one per `ROWS_EACH` rows."""
ROWS_EACH = 10


def density_ratio(source: np.ndarray, target: np.ndarray, *, seed: int, most: float) -> np.ndarray:
    """Return ``p_target(x) / p_source(x)`` of each source row, float64 ``[source rows]``, at most `most`.

    By Bayes the ratio is ``n_s / n_t * p(target | x) / p(source | x)`` (Bickel et al. 2007). The classifier is a
    logistic regression on principal components; what it says of a row comes from a fold that the row was not in, and is
    calibrated by a second one on these (Platt 1999), since a domain that is told apart too surely gives a few rows all
    the weight. For the same reason ratios are bounded.

    Args:
        source: Features, ``[source rows, width]``.
        target: Features, ``[target rows, width]``.
        seed: Of the folds.
        most: Bound of a ratio.
    """
    features, domain = np.concatenate([source, target]), np.repeat([0, 1], [len(source), len(target)])
    logits = _calibrated(_held_out(_components(features), domain, seed), domain)
    ratios = len(source) / len(target) * np.exp(np.minimum(logits[: len(source)], 50.0))
    bounded: np.ndarray = np.minimum(ratios, most)
    return bounded


def _components(features: np.ndarray) -> np.ndarray:
    """Return whitened principal components ``[rows, at most DIMENSIONS]``."""
    centred = features - features.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    most = max(1, min(DIMENSIONS, len(features) // ROWS_EACH, int((values > 1e-9 * max(values[0], 1e-300)).sum())))
    components: np.ndarray = left[:, :most] * np.sqrt(len(features))
    return components


def _held_out(features: np.ndarray, domain: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.model_selection import StratifiedKFold

    logits: np.ndarray = np.zeros(len(domain))
    folds = int(min(FOLDS, np.bincount(domain, minlength=2).min()))
    if folds < 2:
        return logits
    for train, rest in StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, domain):
        logits[rest] = _fitted(features[train], domain[train]).decision_function(features[rest])
    return logits


def _calibrated(logits: np.ndarray, domain: np.ndarray) -> np.ndarray:
    made: np.ndarray = _fitted(logits[:, None], domain).decision_function(logits[:, None])
    return made


def _fitted(features: np.ndarray, domain: np.ndarray) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(max_iter=300).fit(features, domain)
