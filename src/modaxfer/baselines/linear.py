"""Linear models over features: logistic and ridge regression over a range of strengths."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modaxfer.baselines.sample import Outputs, Sample

__all__ = ["linear_candidates"]

JUDGED = ("validation", "test")


def linear_candidates(
    features: Mapping[str, Any], sample: Sample, inverse_strengths: Sequence[float]
) -> Iterator[Outputs]:
    """Yield the outputs of one linear model per class weighting and regularisation strength, the strongest first.

    Many classes over sparse features are fitted one against the rest, which is faster by far and scores alike.

    Args:
        features: By split, dense or sparse ``[rows, width]``; the model is fitted on train alone.
        sample: Targets and problem.
        inverse_strengths: scikit-learn's C of a logistic regression; a ridge takes ``alpha = 1 / C``.
    """
    settings = [(inverse, weight) for weight in sample.class_weights() for inverse in sorted(inverse_strengths)]
    for inverse, weight in settings:
        model = LogisticRegression(
            C=inverse,
            class_weight=weight,
            max_iter=1000,
            solver="liblinear" if issparse(features["train"]) else "lbfgs",
            random_state=sample.seed,
        )
        if sample.problem == Problem.REGRESSION:
            yield _ridge(features, sample, 1 / inverse)
        elif sample.problem == Problem.MULTILABEL:
            yield _per_column(features, sample.targets["train"] > 0, model)
        elif issparse(features["train"]) and sample.classes > 2:
            everyone = sample.targets["train"][:, None] == np.arange(sample.classes)
            yield {split: _shares(part) for split, part in _per_column(features, everyone, model).items()}
        else:
            yield _logistic(features, sample.targets["train"], sample.classes, model)


def _ridge(features: Mapping[str, Any], sample: Sample, alpha: float) -> Outputs:
    # scikit-learn casts the targets to the features' float32, in which large ones are all alike.
    targets = sample.targets["train"]
    mean, deviation = targets.mean(), targets.std() or 1.0
    model = Ridge(alpha=alpha, random_state=sample.seed).fit(features["train"], (targets - mean) / deviation)
    return {split: model.predict(features[split]).astype(np.float64) * deviation + mean for split in JUDGED}


def _per_column(features: Mapping[str, Any], targets: np.ndarray, model: LogisticRegression) -> Outputs:
    """Fit a model to each bool column of `targets`; return probabilities ``[rows, columns]``."""
    each = [_logistic(features, column.astype(np.int64), 2, model) for column in targets.T]
    return {split: np.stack([outputs[split][:, 1] for outputs in each], axis=1) for split in JUDGED}


def _shares(probabilities: np.ndarray) -> np.ndarray:
    total: np.ndarray = probabilities.sum(1, keepdims=True)
    shares: np.ndarray = probabilities / total
    return shares


def _logistic(features: Mapping[str, Any], targets: np.ndarray, classes: int, model: LogisticRegression) -> Outputs:
    """Fit `model` to class numbers; a class that no training row has gets the probability 0."""
    known = np.unique(targets)
    outputs = {split: np.zeros((features[split].shape[0], classes)) for split in JUDGED}
    if len(known) == 1:
        for probabilities in outputs.values():
            probabilities[:, known[0]] = 1
        return outputs
    with warnings.catch_warnings():
        # A weakly regularised fit that is cut off is a candidate like any other: validation rows judge it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features["train"], targets)
    for split, probabilities in outputs.items():
        probabilities[:, model.classes_] = model.predict_proba(features[split])
    return outputs
