"""What a stream's rows are, as losses take it: labels that are given, or what the model predicted of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.contracts import Criterion

__all__ = ["RowTargets"]


@dataclass(frozen=True, kw_only=True)
class RowTargets:
    """Targets by row number."""

    criterion: Criterion
    given: np.ndarray | None = None
    """As in `modaxfer.contracts.TaskData.targets`."""
    predicted: torch.Tensor | None = None
    """What `modaxfer.losses.predicted.predicted` returned, where they are not given."""

    def batch(self, rows: np.ndarray) -> torch.Tensor:
        """Return the targets of `rows`."""
        if self.predicted is not None:
            return self.predicted[torch.from_numpy(rows)]
        assert self.given is not None, "a stream without targets has no such object"
        return self.criterion.batch(self.given[rows])

    def soft(self, rows: np.ndarray) -> torch.Tensor:
        """Return the targets of `rows` as numbers of which means can be taken."""
        return self.batch(rows) if self.predicted is not None else self.criterion.soft(self.batch(rows))
