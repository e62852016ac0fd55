"""The best epoch by agreement of predicted classes with clusters of the features."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.streams import features_of, shares_of, streams_of

__all__ = ["ClassClusters", "cluster_agreement"]

STARTS = 4
"""Starts of k-means, of which the best is kept."""


class ClassClusters:
    """Adjusted mutual information of the target's predicted classes and k-means clusters of its features (ClassAMI).

    Musgrave et al. 2022, section 3.2: as many clusters as classes, of features of length one.

    Args:
        context: Of at least one stream of the target.
    """

    needs_labels = False

    def __init__(self, context: ValidatorContext) -> None:
        self._names, self._seed = streams_of(context, Role.TARGET, "class-ami"), context.seed

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return it, at most 1; about 0 by chance; minus infinity where there are fewer rows than classes."""
        predicted = shares_of(seen, self._names)
        return cluster_agreement(features_of(seen, self._names), predicted, self._seed)


def cluster_agreement(features: np.ndarray, shares: torch.Tensor, seed: int) -> float:
    """Return the agreement of clusters of `features` ``[rows, width]`` with the likeliest classes of `shares`."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import adjusted_mutual_info_score

    rows, classes = shares.shape
    if rows < classes:
        return -np.inf
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    with warnings.catch_warnings():
        # Collapsed features have fewer distinct points than clusters: that is what the score is to show.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(classes, n_init=STARTS, random_state=seed).fit_predict(unit)
    return float(adjusted_mutual_info_score(shares.argmax(1).numpy(), found))
