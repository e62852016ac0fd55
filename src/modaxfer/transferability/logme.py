"""LogME: how likely the targets are under a Bayesian linear model of the features, its two variances at their best."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modaxfer.contracts import Judged
from modaxfer.transferability.reading import live_layers, mean_of_layers
from modaxfer.transferability.targets import columns_of

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["Spectrum", "best_evidence", "evidence", "logme"]

MOST_STEPS, ENOUGH = 10_000, 1e-11
FARTHEST = 1e12
"""Of the ratio of precisions: features that say nothing drive it to infinity, where the evidence no longer moves."""


class Spectrum(NamedTuple):
    """All that the evidence needs of features and one column of targets."""

    squared: np.ndarray
    """Squared singular values of the features, ``[components]``."""
    shared: np.ndarray
    """Squared projections of the column onto the left singular vectors, ``[components]``."""
    total: float
    """Squared length of the column."""
    rows: int
    width: int


def logme(encoded: Encoded) -> Judged:
    """Return the log marginal likelihood per row of the mean of all layers, the mean over outputs (You et al. 2021).

    As in the authors' code neither features nor targets are centred.

    Raises:
        RefusedError: No layer tells rows apart.
    """
    live = live_layers(encoded.layers)
    features = mean_of_layers(encoded.layers, live).astype(np.float64)
    left, values, _ = np.linalg.svd(features, full_matrices=False)
    columns, (rows, width) = columns_of(encoded), features.shape
    found = [
        best_evidence(Spectrum(values**2, (left.T @ column) ** 2, float(column @ column), rows, width))
        for column in columns.T
    ]
    return Judged(value=float(np.mean(found)) / rows, layers=live)


def best_evidence(spectrum: Spectrum) -> float:
    """Return the greatest log evidence, by MacKay's fixed point (You et al. 2021, algorithm 1; MacKay 1992).

    ``alpha`` is the precision of the weights, ``beta`` that of the noise.
    """
    alpha = beta = 1.0
    for _ in range(MOST_STEPS):
        ratio = alpha / beta
        known = float((spectrum.squared / (spectrum.squared + ratio)).sum())
        length, residual = _solution(spectrum, ratio)
        alpha, beta = known / max(length, 1e-300), (spectrum.rows - known) / max(residual, 1e-300)
        if abs(alpha / beta - ratio) <= ENOUGH * ratio or alpha / beta > FARTHEST:
            break
    return evidence(spectrum, alpha, beta)


def evidence(spectrum: Spectrum, alpha: float, beta: float) -> float:
    """Return the log evidence of a column (You et al. 2021, equation 2)."""
    length, residual = _solution(spectrum, alpha / beta)
    # Directions without a singular value have precision alpha before and after the rows were seen.
    missing = spectrum.width - len(spectrum.squared)
    spread = np.log(alpha + beta * spectrum.squared).sum() + missing * np.log(alpha)
    free = spectrum.width * np.log(alpha) + spectrum.rows * np.log(beta / (2 * np.pi)) - spread
    return float(free - beta * residual - alpha * length) / 2


def _solution(spectrum: Spectrum, ratio: float) -> tuple[float, float]:
    """Return the squared length of the weights, and of what they leave of the column."""
    length = float((spectrum.squared * spectrum.shared / (spectrum.squared + ratio) ** 2).sum())
    left = float((spectrum.shared * (ratio / (spectrum.squared + ratio)) ** 2).sum())
    return length, left + max(spectrum.total - float(spectrum.shared.sum()), 0.0)
