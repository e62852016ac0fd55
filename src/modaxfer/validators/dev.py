"""The best epoch by the risk on the target, estimated on the source: rows count as much as the target has of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.density import density_ratio
from modaxfer.validators.streams import features_of, shares_of, streams_of, targets_of

__all__ = ["EmbeddedValidation", "weighted_risk"]


class EmbeddedValidation:
    """Deep embedded validation (DEV, You et al. 2019): importance-weighted accuracy with a control variate.

    Errors on the source's validation rows are weighted by how much likelier their features are in the target. Three
    things differ from the authors' code: the classifier of domains is linear, held out and calibrated; a weight is at
    most `most`; and the loss is 0 or 1. It is right where the domains differ in how often rows occur and not in what
    they mean, and overlap; adaptation that maps wrong classes onto each other it cannot see.

    Args:
        context: Of at least one stream of each role; those of the source show their targets.
        most: Bound of a weight.
    """

    needs_labels = True

    def __init__(self, context: ValidatorContext, most: float = 10.0) -> None:
        self._source = streams_of(context, Role.SOURCE, "dev")
        self._target = streams_of(context, Role.TARGET, "dev")
        self._seed, self._most = context.seed, most

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return the accuracy to be expected on the target: 1 minus the estimated risk."""
        predicted = shares_of(seen, self._source).argmax(1).numpy()
        wrong = (predicted != targets_of(seen, self._source, "dev")).astype(float)
        features = (features_of(seen, names) for names in (self._source, self._target))
        weights = density_ratio(*features, seed=self._seed, most=self._most)
        return 1.0 - weighted_risk(wrong, weights)


def weighted_risk(losses: np.ndarray, weights: np.ndarray) -> float:
    """Return ``mean(w l) + eta (mean(w) - 1)``, with ``eta = -Cov(w l, w) / Var(w)`` (You et al. 2019, equation 8).

    The mean weight is known to be 1: as far as the weights miss it, the risk is corrected, in the direction and by the
    amount that leave the least variance. Equal weights of 1 give the mean loss.

    Args:
        losses: ``[rows]``.
        weights: ``[rows]``.
    """
    weighted, variance = weights * losses, float(np.var(weights))
    eta = -float(np.mean((weighted - weighted.mean()) * (weights - weights.mean()))) / variance if variance > 0 else 0.0
    return float(weighted.mean()) + eta * (float(weights.mean()) - 1.0)
