"""Label shift: classes are as they were, but some are more common now. The new shares are estimated without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.contracts import Corrected, CorrectionContext
from modaxfer.corrections.calibration import calibrate
from modaxfer.errors import RunFailedError
from modaxfer.heads.scaled import ScaledHead

__all__ = ["METHODS", "Priors", "bbse", "expectation_maximisation", "fit", "priors"]

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


def fit(context: CorrectionContext, method: str = "em", calibration: str = "bias") -> Corrected:
    """Return the head that says what the trained one would under the target's shares of the classes.

    Args:
        context: Streams ``source``, held-out rows with targets, and ``target``, without.
        method: One of `METHODS`.
        calibration: One of `modaxfer.corrections.calibration.METHODS`.

    Raises:
        RunFailedError: The model says what is no number.
    """
    source, target = context.seen["source"], context.seen["target"]
    assert source.targets is not None, "its labels are given"
    if not (source.outputs.isfinite().all() and target.outputs.isfinite().all()):
        raise RunFailedError("the model says what is no number, so that no shares can be estimated",
                             fix="lower --learning-rate, or use --precision fp32")  # fmt: skip
    rows = context.objective.known(source.targets)
    labelled, targets = source.outputs[torch.from_numpy(rows)], source.targets[rows]
    scale, shift = calibrate(labelled, targets, calibration)
    said, unlabelled = ((scale * outputs + shift).double().softmax(1).numpy() for outputs in (labelled, target.outputs))
    found = priors(said, targets, unlabelled, method)
    change = np.log(found.target.clip(LEAST) / found.source)
    head = ScaledHead.of(
        context.head, torch.full_like(shift, scale), shift + torch.from_numpy(change).float()
    )  # fmt: skip
    return Corrected(
        head=head,
        report=_report(context, found, scale, method, len(target.outputs)),
        told=f"the classes' shares have moved by {found.moved:.3f} (0 not at all, 1 altogether)",
        warnings=_warnings(context, targets),
    )


def _report(context: CorrectionContext, found: Priors, scale: float, method: str, rows: int) -> dict[str, object]:
    def named(shares: np.ndarray) -> dict[str, float]:
        return {name: round(float(share), 6) for name, share in zip(context.classes, shares, strict=True)}

    return {
        "method": method,
        "temperature": round(1 / scale, 6) if scale else None,
        "source": named(found.source),
        "target": named(found.target),
        "moved": round(found.moved, 6),
        "rows": rows,
        **({"rounds": found.rounds} if found.rounds else {}),
    }


def _warnings(context: CorrectionContext, targets: np.ndarray) -> list[str]:
    absent = [name for number, name in enumerate(context.classes) if not (targets == number).any()]
    if not absent:
        return []
    return [f"no labelled row that the model was not trained on is of {', '.join(absent)}: its share is hardly known"]
