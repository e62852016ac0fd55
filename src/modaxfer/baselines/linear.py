"""Linear models over features: logistic and ridge regression over many strengths; closed forms for many classes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import ComplementNB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modaxfer.baselines.sample import Outputs, Sample

__all__ = ["NUMBERS", "linear_candidates", "model_name"]

JUDGED = ("validation", "test")
NUMBERS = 20_000_000
"""Most coefficients of a model, features times classes, and most numbers held beside it, rows times classes."""
WORK = 500_000
"""Training rows times classes up to which logistic models take seconds; above, a closed form stands in."""
SMOOTHINGS = (0.1, 0.3, 1.0)
"""Of the word counts of complement naive Bayes."""
SHRINKAGES = (0.1, 0.5, 0.9)
"""Of the covariance of a discriminant analysis."""


def linear_candidates(
    features: Mapping[str, Any], sample: Sample, inverse_strengths: Sequence[float]
) -> Iterator[Outputs]:
    """Yield the outputs of one linear model per class weighting and regularisation strength, the strongest first.

    Many classes over sparse features are fitted one against the rest, which is faster by far and scores alike. Where
    rows times classes are very many, closed forms take the place of logistic models: complement naive Bayes (Rennie
    et al. 2003) over sparse features, a shrunk linear discriminant analysis over dense ones; many labels get one
    strength only.

    Args:
        features: By split, dense or sparse ``[rows, width]``; the model is fitted on train alone.
        sample: Targets and problem.
        inverse_strengths: scikit-learn's C of a logistic regression; a ridge takes ``alpha = 1 / C``.
    """
    if _in_closed_form(sample):
        yield from _bayes(features, sample) if issparse(features["train"]) else _discriminants(features, sample)
        return
    for inverse, weight in _settings(sample, inverse_strengths):
        model = _logistic_model(features["train"], inverse, weight, sample.seed)
        if sample.numeric:
            yield _ridge(features, sample, 1 / inverse)
        elif sample.several:
            yield _per_column(features, sample.targets["train"] > 0, model)
        elif issparse(features["train"]) and sample.classes > 2:
            everyone = sample.targets["train"][:, None] == np.arange(sample.classes)
            yield {split: _shares(part) for split, part in _per_column(features, everyone, model).items()}
        else:
            yield _logistic(features, sample.targets["train"], sample.classes, model)


def model_name(sample: Sample, *, sparse: bool) -> str:
    """Return what `linear_candidates` fits to `sample`, for people."""
    if sample.numeric:
        return "ridge regression"
    if _in_closed_form(sample):
        return "complement naive Bayes" if sparse else "linear discriminant analysis"
    return "logistic regression"


def _settings(sample: Sample, inverse_strengths: Sequence[float]) -> list[tuple[float, str | None]]:
    strengths = sorted(inverse_strengths)
    if sample.several and _much(sample):
        strengths = strengths[len(strengths) // 2 :][:1]
    return [(inverse, weight) for weight in sample.class_weights() for inverse in strengths]


def _in_closed_form(sample: Sample) -> bool:
    return not (sample.numeric or sample.several) and _much(sample)


def _much(sample: Sample) -> bool:
    return sample.rows("train") * sample.classes > WORK


def _logistic_model(train: Any, inverse: float, weight: str | None, seed: int) -> LogisticRegression:
    # More words than rows: the dual problem is the small one, tens of times faster to the same solution.
    dual = issparse(train) and train.shape[0] < train.shape[1]
    return LogisticRegression(
        C=inverse,
        class_weight=weight,
        max_iter=1000,
        solver="liblinear" if issparse(train) else "lbfgs",
        dual=dual,
        random_state=seed,
    )


def _bayes(features: Mapping[str, Any], sample: Sample) -> Iterator[Outputs]:
    targets = sample.targets["train"]
    known = np.unique(targets)
    for smoothing in SMOOTHINGS:
        model = ComplementNB(alpha=smoothing)
        # In chunks: all rows at once would be coded as rows times classes.
        for chunk in _chunks(len(targets), sample.classes):
            model.partial_fit(features["train"][chunk], targets[chunk], classes=known)
        yield _probabilities(model, features, sample.classes)


def _discriminants(features: Mapping[str, Any], sample: Sample) -> Iterator[Outputs]:
    for shrinkage in SHRINKAGES:
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
        model.fit(features["train"], sample.targets["train"])
        yield _probabilities(model, features, sample.classes)


def _probabilities(model: Any, features: Mapping[str, Any], classes: int) -> Outputs:
    """Return float32 probabilities ``[rows, classes]``; a class that no training row has gets 0."""
    outputs = {split: np.zeros((features[split].shape[0], classes), np.float32) for split in JUDGED}
    for split, probabilities in outputs.items():
        for chunk in _chunks(len(probabilities), classes):
            probabilities[chunk, model.classes_] = model.predict_proba(features[split][chunk])
    return outputs


def _chunks(rows: int, classes: int) -> Iterator[slice]:
    size = max(1, NUMBERS // classes)
    return (slice(start, start + size) for start in range(0, rows, size))


def _ridge(features: Mapping[str, Any], sample: Sample, alpha: float) -> Outputs:
    # scikit-learn casts the targets to the features' float32, in which large ones are all alike.
    targets = sample.targets["train"]
    mean, deviation = targets.mean(), targets.std() or 1.0
    model = Ridge(alpha=alpha, random_state=sample.seed).fit(features["train"], (targets - mean) / deviation)
    return {split: model.predict(features[split]).astype(np.float64) * deviation + mean for split in JUDGED}


def _per_column(features: Mapping[str, Any], targets: np.ndarray, model: LogisticRegression) -> Outputs:
    """Fit a model to each bool column of `targets`; return probabilities ``[rows, columns]``."""
    outputs = {split: np.zeros((features[split].shape[0], targets.shape[1])) for split in JUDGED}
    for number, column in enumerate(targets.T):
        for split, probabilities in _logistic(features, column.astype(np.int64), 2, model).items():
            outputs[split][:, number] = probabilities[:, 1]
    return outputs


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
