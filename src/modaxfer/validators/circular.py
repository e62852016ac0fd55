"""The best epoch by the way back: what target rows are predicted to be teaches a head, which is tried on the source."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.streams import features_of, shares_of, streams_of, targets_of

__all__ = ["Circular", "way_back"]


class Circular:
    """Circular (reverse) validation (Bruzzone & Marconcini 2010; Zhong et al. 2010).

    The reverse classifier is a logistic regression on what the head is given, not a second network: it is fitted after
    each epoch. It is scored by balanced accuracy, so that predictions that have collapsed into one class come to 1 /
    classes and not to that class's share.

    Args:
        context: Of at least one stream of each role; those of the source show their targets.
    """

    needs_labels = True

    def __init__(self, context: ValidatorContext) -> None:
        self._source = streams_of(context, Role.SOURCE, "circular")
        self._target = streams_of(context, Role.TARGET, "circular")

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return the balanced accuracy of the reverse classifier on the source's validation rows."""
        guessed = shares_of(seen, self._target).argmax(1).numpy()
        known = targets_of(seen, self._source, "circular")
        return way_back(features_of(seen, self._target), guessed, features_of(seen, self._source), known)


def way_back(target: np.ndarray, guessed: np.ndarray, source: np.ndarray, known: np.ndarray) -> float:
    """Fit a head to `guessed` classes of `target` rows and return its balanced accuracy on `known` ones of `source`."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(guessed)) == 1:
        predicted = np.full(len(known), guessed[0])
    else:
        mean, scale = target.mean(0), np.maximum(target.std(0), 1e-9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            head = LogisticRegression(max_iter=300).fit((target - mean) / scale, guessed)
        predicted = head.predict((source - mean) / scale)
    return float(np.mean([(predicted[known == one] == one).mean() for one in np.unique(known)]))
