"""LEEP and NCE: what a checkpoint's own classes tell of the task's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.contracts import Judged

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["leep", "nce"]


def leep(encoded: Encoded) -> Judged:
    """Return the log expected empirical prediction in nats (Nguyen et al. 2020, equation 2), at most 0."""
    return Judged(value=_expected(encoded, _shares(encoded)), layers=())


def nce(encoded: Encoded) -> Judged:
    """Return minus the entropy of classes given the likeliest source class, in nats (Tran et al. 2019), at most 0."""
    shares = _shares(encoded)
    return Judged(value=_expected(encoded, np.eye(shares.shape[1])[shares.argmax(1)]), layers=())


def _shares(encoded: Encoded) -> np.ndarray:
    assert encoded.source_outputs is not None, "a source head was asked for"
    return np.asarray(encoded.source_outputs, np.float64)


def _expected(encoded: Encoded, shares: np.ndarray) -> float:
    """Return the mean log likelihood of each row's class; of one-hot `shares` minus the conditional entropy."""
    classes = np.eye(len(encoded.classes))[encoded.targets]
    joint = classes.T @ shares
    given = joint / np.maximum(joint.sum(0), np.finfo(float).tiny)
    likely = (shares @ given.T)[np.arange(len(shares)), encoded.targets]
    return float(np.log(likely).mean())
