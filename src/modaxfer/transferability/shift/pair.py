"""Rows of two tasks side by side, as one encoder sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import RefusedError
from modaxfer.transferability.reading import live_layers, mean_of_layers

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["PairOfTasks"]

MOST_ROWS, FEWEST_ROWS = 1000, 10
"""Rows of each task that are compared, the same number of both."""


@dataclass(frozen=True, kw_only=True)
class PairOfTasks:
    """Two tasks, all their rows, and which of them are compared."""

    source: Encoded
    target: Encoded
    features: tuple[np.ndarray, np.ndarray]
    """Mean of all layers of every row, float32 ``[rows, width]`` each, layers divided by their spread over both."""
    drawn: tuple[np.ndarray, np.ndarray]
    """Positions of the rows that are compared, as many of each."""

    @classmethod
    def of(cls, source: Encoded, target: Encoded) -> PairOfTasks:
        """Return two tasks side by side.

        Raises:
            RefusedError: They are not of one encoder, say the same of every row, or have too few rows.
        """
        shapes = [(each.layers.shape[0], each.layers.shape[2]) for each in (source, target)]
        if shapes[0] != shapes[1]:
            raise RefusedError(
                "two tasks are compared as one encoder sees them",
                got=" and ".join(f"{layers} layers of width {width}" for layers, width in shapes),
                fix="encode both with the same checkpoint",
            )
        rows = [len(each.targets) for each in (source, target)]
        if min(rows) < FEWEST_ROWS:
            raise RefusedError(
                "too few rows to compare two tasks",
                got=f"{rows[0]} of the source, {rows[1]} of the target",
                allowed=f"at least {FEWEST_ROWS} of each",
                fix="encode more",
            )
        both = np.concatenate([source.layers, target.layers], axis=1)
        mixed = mean_of_layers(both, live_layers(both))
        generator = np.random.default_rng(source.seed)
        most = min(MOST_ROWS, *rows)
        drawn = tuple(np.sort(generator.permutation(count)[:most]) for count in rows)
        return cls(
            source=source,
            target=target,
            features=(mixed[: rows[0]], mixed[rows[0] :]),
            drawn=(drawn[0], drawn[1]),
        )

    @property
    def compared(self) -> np.ndarray:
        """Features of the compared rows, the source's first, float64 ``[rows, width]``."""
        parts = [features[rows] for features, rows in zip(self.features, self.drawn, strict=True)]
        return np.concatenate(parts).astype(np.float64)

    @property
    def domain(self) -> np.ndarray:
        """0 for each compared row of the source, then 1 for each of the target, int64 ``[rows]``."""
        return np.repeat([0, 1], [len(rows) for rows in self.drawn])

    def groups(self, side: int) -> np.ndarray | None:
        """Return the groups of the compared rows of one side, 0 the source; None where each row stands alone."""
        whole = (self.source, self.target)[side].groups
        return None if whole is None else np.unique(whole[self.drawn[side]], return_inverse=True)[1].reshape(-1)

    @property
    def all_groups(self) -> np.ndarray | None:
        """Groups of all compared rows, none of which is in both tasks."""
        if self.source.groups is None and self.target.groups is None:
            return None
        sides = [self.groups(side) for side in (0, 1)]
        known = [np.arange(len(self.drawn[side])) if each is None else each for side, each in enumerate(sides)]
        return np.concatenate([known[0], known[1] + known[0].max() + 1])
