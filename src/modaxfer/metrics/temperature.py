"""One number by which outputs are divided so that their probabilities mean what they say (Guo et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Temperature", "fit_temperature"]

FURTHEST = math.log(20.0)
"""Temperatures lie between 1/20 and 20."""


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """What dividing outputs by `value` does to the log loss of the rows that it was fitted to."""

    value: float
    before: float
    """Mean log loss (natural logarithm) of the outputs as they are."""
    after: float
    rows: int

    @property
    def pays(self) -> bool:
        """Whether the rows' log-likelihood gains more than the one parameter would by chance.

        By Akaike's criterion as corrected for few rows (Hurvich & Tsai 1989): one or two never say that it pays.
        """
        return self.rows > 2 and self.rows * (self.before - self.after) > 1 + 2 / (self.rows - 2)


def fit_temperature(logits: np.ndarray, references: np.ndarray) -> Temperature:
    """Return the temperature under which the `references` are likeliest.

    A normal prior on its logarithm, mean 0 and deviation 1, which weighs as much as one row, keeps it finite where the
    rows are separated; of some hundred rows that are not it moves nothing.

    Args:
        logits: ``[rows, classes]`` with one class per row; ``[rows, labels]`` of labels that are each there or not,
            which share one temperature.
        references: Class numbers ``[rows]``, or 0/1 ``[rows, labels]``.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_expit, log_softmax

    values, several = logits.astype(np.float64), references.ndim == 2
    signed = np.where(references > 0, values, -values) if several else values
    rows = np.arange(len(values))

    def loss(scale: float) -> float:
        if several:
            return float(-log_expit(scale * signed).mean(1).mean())
        return float(-log_softmax(scale * values, axis=1)[rows, references].mean())

    def penalised(power: float) -> float:
        return loss(math.exp(-power)) + power**2 / (2 * len(values))

    found = minimize_scalar(penalised, bounds=(-FURTHEST, FURTHEST), method="bounded", options={"xatol": 1e-4})
    value = math.exp(float(found.x))
    return Temperature(value=value, before=loss(1.0), after=loss(1 / value), rows=len(values))
