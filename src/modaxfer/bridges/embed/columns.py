"""Features of a table row: numbers, categories, and combinations of two of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modaxfer.bridges.embed.scaling import (
    QuantileScale,
    StandardScale,
    bin_edges,
    fit_scale,
    piecewise_linear,
    restore_scale,
)

__all__ = ["CategoryFeature", "NumberFeature"]

OTHER, MISSING, FIRST = 0, 1, 2
"""Codes of what is rare or was never seen, of what is missing, and of the first category."""

JOINT = "\x1f"
"""Between the two values of a cross; the ASCII unit separator, which no table cell holds."""


@dataclass
class NumberFeature:
    """A number column, or the product of two standardised ones.

    Args:
        parents: Name of the column, or of the two.
        scaling: ``standard`` or ``quantile``.
        bins: Bins of the piecewise linear encoding; None = the scaled number itself.
    """

    parents: tuple[str, ...]
    scaling: str
    bins: int | None
    factors: list[StandardScale | QuantileScale] = field(default_factory=list)
    scale: StandardScale | QuantileScale = field(default_factory=lambda: StandardScale(0.0, 1.0))
    edges: list[float] = field(default_factory=list)

    def fit(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Learn from training columns, float64 ``[rows]`` with NaN for missing; return the scaled values."""
        values = [columns[name] for name in self.parents]
        if len(values) > 1:
            self.factors = [fit_scale(column, self.scaling) for column in values]
        self.scale = fit_scale(self._product(values), self.scaling)
        scaled = self.scale(self._product(values))
        if self.bins is not None:
            self.edges = bin_edges(scaled, self.bins)
        return scaled

    def encode(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return ``[rows, 1]``, or ``[rows, bins]`` with zeros behind the last bin; NaN throughout where missing."""
        scaled = self.scale(self._product([columns[name] for name in self.parents]))
        if self.bins is None:
            return scaled[:, None]
        encoded = piecewise_linear(scaled, self.edges)
        return np.pad(encoded, ((0, 0), (0, self.bins - encoded.shape[1])))

    def state(self) -> dict[str, Any]:
        """Return plain JSON types for `restore`."""
        factors = [factor.state() for factor in self.factors]
        return {"parents": list(self.parents), "factors": factors, "scale": self.scale.state(), "edges": self.edges}

    @classmethod
    def restore(cls, state: Mapping[str, Any], scaling: str, bins: int | None) -> NumberFeature:
        """Return the feature that gave `state`."""
        return cls(
            parents=tuple(state["parents"]),
            scaling=scaling,
            bins=bins,
            factors=[restore_scale(factor) for factor in state["factors"]],
            scale=restore_scale(state["scale"]),
            edges=list(state["edges"]),
        )

    def _product(self, values: list[np.ndarray]) -> np.ndarray:
        if len(values) == 1:
            return values[0]
        product: np.ndarray = np.prod([scale(column) for scale, column in zip(self.factors, values, strict=True)], 0)
        return product


@dataclass
class CategoryFeature:
    """A category column, or the cross of two.

    Args:
        parents: Name of the column, or of the two.
        values: Categories with a code of their own, in code order.
    """

    parents: tuple[str, ...]
    values: list[str] = field(default_factory=list)

    def fit(self, columns: Mapping[str, np.ndarray], rare: int) -> np.ndarray:
        """Learn which categories at least `rare` training rows have; return the codes, int64 ``[rows]``.

        Args:
            columns: Strings ``[rows]``, None for missing.
            rare: Fewest rows of a category with a code of its own.
        """
        counts = Counter(value for value in self._joined(columns) if value is not None)
        self.values = sorted(value for value, count in counts.items() if count >= rare)
        return self.encode(columns)

    def encode(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return codes, int64 ``[rows]``: 0 rare or unseen, 1 missing, 2 and up the categories."""
        codes: dict[str | None, int] = {value: FIRST + place for place, value in enumerate(self.values)}
        codes[None] = MISSING
        return np.array([codes.get(value, OTHER) for value in self._joined(columns)], dtype=np.int64)

    @property
    def size(self) -> int:
        """Number of codes."""
        return FIRST + len(self.values)

    def state(self) -> dict[str, Any]:
        """Return plain JSON types that make an equal one again."""
        return {"parents": list(self.parents), "values": self.values}

    def _joined(self, columns: Mapping[str, np.ndarray]) -> Sequence[str | None]:
        if len(self.parents) == 1:
            return list(columns[self.parents[0]])
        pairs = zip(*(columns[name] for name in self.parents), strict=True)
        return [None if None in pair else JOINT.join(pair) for pair in pairs]
