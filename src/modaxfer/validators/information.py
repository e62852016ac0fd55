"""The best epoch by information maximisation: sure of each row, and of different things of different rows."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from modaxfer.contracts import Seen, ValidatorContext
from modaxfer.plan import Role
from modaxfer.validators.streams import shares_of, streams_of

__all__ = ["InformationMaximisation", "entropy", "mutual_information"]


class InformationMaximisation:
    """The mutual information of rows and predicted classes of the target, in nats.

    As a validator: Musgrave et al. 2022, "Three new validators and a large-scale benchmark ranking for unsupervised
    domain adaptation"; the quantity: Krause et al. 2010.

    Args:
        context: Of at least one stream of the target.
    """

    needs_labels = False

    def __init__(self, context: ValidatorContext) -> None:
        self._names = streams_of(context, Role.TARGET, "im")

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return it: 0 where all rows get the same prediction, log(classes) where each is sure and classes balance."""
        return mutual_information(shares_of(seen, self._names))


def entropy(shares: torch.Tensor) -> torch.Tensor:
    """Return the entropy of each row of `shares` ``[rows, classes]``, in nats, ``[rows]``."""
    found: torch.Tensor = torch.special.entr(shares).sum(-1)
    return found


def mutual_information(shares: torch.Tensor) -> float:
    """Return ``H(mean of rows) - mean of H(row)`` of `shares` ``[rows, classes]``."""
    return float(entropy(shares.mean(0)) - entropy(shares).mean())
