"""Whether rows that a model was trained on can be told from others by its loss (Yeom et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["FALSE_POSITIVES", "Audit", "audit"]

FALSE_POSITIVES = 0.01
"""Share of foreign rows that the attack may take for training rows (Carlini et al. 2022)."""

RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Audit:
    """How well the attack "a low loss: it was trained on" does. Intervals are 95 %, over both sets of rows."""

    auc: float
    """Chance that a training row has a lower loss than another row; 0.5: the loss tells nothing."""
    auc_interval: tuple[float, float]
    tpr: float
    """Share of training rows that are found while `FALSE_POSITIVES` of the other rows are taken for such."""
    tpr_interval: tuple[float, float]
    members: int
    others: int


def audit(members: np.ndarray, others: np.ndarray, *, seed: int = 0, resamples: int = RESAMPLES) -> Audit:
    """Attack a model by its loss.

    Args:
        members: Loss of each row that it was trained on.
        others: Loss of each row of the same kind that it has not seen.
        seed: Of the bootstrap.
        resamples: Of it; each draws from both sets anew.
    """
    draws = np.random.default_rng(seed)
    known, foreign = np.sort(np.asarray(members, float)), np.sort(np.asarray(others, float))
    drawn = [
        (_auc(one, two), _tpr(one, two))
        for one, two in ((_again(known, draws), _again(foreign, draws)) for _ in range(resamples))
    ]
    (auc_low, tpr_low), (auc_high, tpr_high) = np.quantile(np.array(drawn), (0.025, 0.975), axis=0).tolist()
    return Audit(
        auc=_auc(known, foreign),
        auc_interval=(auc_low, auc_high),
        tpr=_tpr(known, foreign),
        tpr_interval=(tpr_low, tpr_high),
        members=len(known),
        others=len(foreign),
    )


def _again(values: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return np.sort(draws.choice(values, len(values)))


def _auc(members: np.ndarray, others: np.ndarray) -> float:
    """Return the chance that a member's loss is lower, ties counted half; both sorted."""
    below, beside = np.searchsorted(members, others, "left"), np.searchsorted(members, others, "right")
    return float((below + beside).mean() / (2 * len(members)))


def _tpr(members: np.ndarray, others: np.ndarray) -> float:
    """Return the share of members below the loss that at most `FALSE_POSITIVES` of the others are below; both sorted.

    Of fewer others than would make one false positive none may be taken.
    """
    bar = others[int(FALSE_POSITIVES * len(others))]
    return float(np.searchsorted(members, bar, "left") / len(members))
