"""Shares of classes among rows without labels, estimated by what a model says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["LEAST", "METHODS", "Priors", "bbse", "expectation_maximisation", "priors"]

METHODS = ("em", "bbse")

LEAST = 1e-12
"""A class that is not there at all keeps this share, whose logarithm is finite."""


@dataclass(frozen=True, kw_only=True)
class Priors:
    """Shares of the classes in two domains, ``[classes]`` each."""

    source: np.ndarray
    target: np.ndarray
    rounds: int = 0
    """Of expectation maximisation."""

    @property
    def moved(self) -> float:
        """How far they lie apart, 0 ... 1: half the sum of absolute differences (total variation)."""
        return float(np.abs(self.source - self.target).sum() / 2)


def expectation_maximisation(
    probabilities: np.ndarray, source: np.ndarray, *, tolerance: float = 1e-10, most: int = 10_000
) -> tuple[np.ndarray, int]:
    """Return the classes' shares under which rows are likeliest, and the rounds it took to the fixed point.

    Each round weighs the posteriors by new over old shares and takes their mean as the next shares.

    Args:
        probabilities: Posteriors of rows without labels under the source's shares, ``[rows, classes]``.
        source: The source's shares, all above 0.
        tolerance: Largest change of a share in the last round.
        most: Rounds after which it ends all the same.

    Source: Saerens, Latinne & Decaestecker 2002, equations 2.9.
    """
    shares, rounds, change = source, 0, np.inf
    while change >= tolerance and rounds < most:
        weighed = probabilities * (shares / source)
        after = (weighed / weighed.sum(1, keepdims=True)).mean(0)
        shares, change, rounds = after, np.abs(after - shares).max(), rounds + 1
    return shares, rounds


def bbse(said: np.ndarray, targets: np.ndarray, unlabelled: np.ndarray) -> np.ndarray:
    """Return how many times more common each class is among the unlabelled rows: w of ``C w = mu``.

    ``C[i, j]`` is the mean of what is said of class i over labelled rows, where they are of class j, and ``mu[i]`` that
    over unlabelled ones. Below 0, where noise takes it, it is 0; a class without a labelled row keeps 1.

    Args:
        said: Probabilities of labelled rows that the model was not trained on, ``[rows, classes]``.
        targets: Their classes, int64 ``[rows]``.
        unlabelled: Probabilities of unlabelled rows, ``[other rows, classes]``.

    Source: Lipton, Wang & Smola 2018, equation 2, on soft predictions.
    """
    there = targets[:, None] == np.arange(said.shape[1])
    known = there.any(0)
    joint = said.T @ there / len(said)
    # What a class without labelled rows says of unlabelled ones is left out of the account.
    weights = np.ones(said.shape[1])
    weights[known] = np.linalg.lstsq(joint[:, known], unlabelled.mean(0), rcond=None)[0].clip(0)
    return weights


def priors(said: np.ndarray, targets: np.ndarray, unlabelled: np.ndarray, method: str = "em") -> Priors:
    """Return the classes' shares in source and target.

    Args:
        said: Calibrated probabilities of labelled source rows, ``[rows, classes]``.
        targets: Their classes, int64 ``[rows]``.
        unlabelled: Calibrated probabilities of target rows, ``[other rows, classes]``.
        method: One of `METHODS`.
    """
    source = said.mean(0).clip(LEAST)
    source = source / source.sum()
    if method == "em":
        target, rounds = expectation_maximisation(unlabelled, source)
        return Priors(source=source, target=target, rounds=rounds)
    target = bbse(said, targets, unlabelled) * source
    return Priors(source=source, target=target / target.sum() if target.sum() else source)
