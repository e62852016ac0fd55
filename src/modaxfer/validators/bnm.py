"""The best epoch by the nuclear norm of its predictions: sure, and with many classes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.streams import shares_of, streams_of

__all__ = ["NuclearNorm", "nuclear_norm"]


class NuclearNorm:
    """The batch nuclear norm of the predictions for the target's rows (BNM, Cui et al. 2020).

    It is large where predictions are sure, as the Frobenius norm is, and of many classes, as the rank is. As a
    validator: Musgrave et al. 2022.

    Args:
        context: Of at least one stream of the target.
    """

    needs_labels = False

    def __init__(self, context: ValidatorContext) -> None:
        self._names = streams_of(context, Role.TARGET, "bnm")

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return it; see `nuclear_norm`."""
        return nuclear_norm(shares_of(seen, self._names))


def nuclear_norm(shares: torch.Tensor) -> float:
    """Return ``||P||_* / (m sqrt(K))`` of probabilities P ``[m, K]``.

    Cui et al. divide by m; the root of K makes scores of tasks with other numbers of classes comparable. Its most is
    ``1 / sqrt(m)``, for one-hot rows of which each class has as many.
    """
    rows, classes = shares.shape
    # The sum of the singular values, by way of the smaller Gram matrix: rows are many and classes few.
    gram = shares.T @ shares if classes <= rows else shares @ shares.T
    return float(torch.linalg.eigvalsh(gram).clamp(min=0).sqrt().sum()) / (rows * math.sqrt(classes))
