"""How accurate a model is on rows without labels, by how sure it is of them and of labelled rows of another domain.

Two estimators, both on probabilities that are calibrated on the labelled rows (temperature scaling, Guo et al. 2017):
ATC (Garg et al. 2022) and DoC (Guillory et al. 2021). They hold as far as being sure means the same in both domains: a
model that is surely wrong on the target is not found out. Intervals say how much depends on the rows that were drawn,
and nothing of that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Sureness", "average_thresholded_confidence", "difference_of_confidences", "estimated_accuracy", "sureness"]

DRAWS = 500
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Sureness:
    """How sure a model is of labelled rows of one domain and of rows of another."""

    source: np.ndarray
    """Probability of the likeliest class of each labelled row, ``[rows]``."""
    right: np.ndarray
    """Whether that class is the row's, bool ``[rows]``."""
    target: np.ndarray
    """The same as `source`, of the rows without labels."""

    def drawn(self, random: np.random.Generator) -> Sureness:
        """Return a bootstrap sample of both domains' rows."""
        one = random.integers(0, len(self.source), len(self.source))
        other = random.integers(0, len(self.target), len(self.target))
        return Sureness(source=self.source[one], right=self.right[one], target=self.target[other])


def sureness(source: np.ndarray, targets: np.ndarray, target: np.ndarray) -> Sureness:
    """Return how sure a model is, at the temperature that is best on the labelled rows.

    Args:
        source: Probabilities of the labelled rows, ``[rows, classes]``.
        targets: Their class numbers, ``[rows]``; those of no known class count as errors.
        target: Probabilities of the rows without labels.
    """
    logits, other = (np.log(np.clip(each.astype(float), 1e-12, None)) for each in (source, target))
    heat = _temperature(logits[targets >= 0], targets[targets >= 0]) if (targets >= 0).any() else 1.0
    return Sureness(
        source=_softmax(logits / heat).max(1),
        right=source.argmax(1) == targets,
        target=_softmax(other / heat).max(1),
    )


def average_thresholded_confidence(seen: Sureness) -> float:
    """Return the share of target rows that the model is surer of than a threshold (ATC, Garg et al. 2022, equation 2).

    The threshold is the one below which as many labelled rows lie as are wrong: on these rows the share is their
    accuracy, where no two are equally sure.
    """
    wrong = int((~seen.right).sum())
    if wrong == len(seen.right):
        return 0.0
    return float((seen.target >= np.sort(seen.source)[wrong]).mean())


def difference_of_confidences(seen: Sureness) -> float:
    """Return the accuracy on labelled rows, less what the mean confidence falls by (DoC, Guillory et al. 2021)."""
    fall = float(seen.source.mean() - seen.target.mean())
    return float(np.clip(seen.right.mean() - fall, 0.0, 1.0))


ESTIMATORS = {"atc": average_thresholded_confidence, "doc": difference_of_confidences}


def estimated_accuracy(seen: Sureness, seed: int) -> dict[str, dict[str, object]]:
    """Return by estimator its ``value`` and 95 % ``interval``, by bootstrap over the rows of both domains."""
    random = np.random.default_rng(seed)
    draws = [seen.drawn(random) for _ in range(DRAWS)]
    found = {}
    for name, estimate in ESTIMATORS.items():
        low, high = np.quantile([estimate(each) for each in draws], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        found[name] = {"value": estimate(seen), "interval": [float(low), float(high)]}
    return found


def _temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return what logits are divided by where the labelled rows are likeliest."""
    from scipy.optimize import minimize_scalar

    def loss(log_heat: float) -> float:
        shares = _softmax(logits / np.exp(log_heat))
        return -float(np.log(np.clip(shares[np.arange(len(targets)), targets], 1e-12, None)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(1, keepdims=True)
    return shares
