"""What the tiles of a table column show: a number's rank among the training rows, a category among its like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from modaxfer.bridges.serialise import is_missing

__all__ = ["CategoryTiles", "ColumnTiles", "NumberTiles", "fit_tiles", "tiles_from"]


class ColumnTiles(Protocol):
    """The tiles of one column, fitted to its training values."""

    @property
    def count(self) -> int:
        """Number of tiles."""
        ...

    def levels(self, values: Sequence[Any]) -> np.ndarray:
        """Return brightness 0 ... 1 as float32 ``[rows, count]``; not a number where the value is missing."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what was learned, as JSON types."""
        ...


@dataclass(frozen=True)
class NumberTiles:
    """One tile: the share of training values below a number, between two `quantiles` by interpolation.

    As `sklearn.preprocessing.QuantileTransformer`: a run of equal quantiles maps to its middle, the smallest value to 0
    and the largest to 1.
    """

    quantiles: tuple[float, ...]

    count = 1

    def levels(self, values: Sequence[Any]) -> np.ndarray:
        """Return one level per value."""
        missing = np.array([is_missing(value) for value in values], bool)
        numbers = np.array([0.0 if gap else float(value) for value, gap in zip(values, missing, strict=True)])
        quantiles, places = np.asarray(self.quantiles), np.linspace(0, 1, len(self.quantiles))
        from_below = np.interp(numbers, quantiles, places)
        from_above = 1 - np.interp(-numbers, -quantiles[::-1], places)
        levels = (from_below + from_above) / 2
        levels[numbers >= quantiles[-1]] = 1
        levels[numbers <= quantiles[0]] = 0
        levels[missing] = np.nan
        return np.asarray(levels, np.float32)[:, None]

    def state(self) -> dict[str, Any]:
        """Return the quantiles."""
        return {"quantiles": list(self.quantiles)}


@dataclass(frozen=True)
class CategoryTiles:
    """A tile per category and one for all others, of which one is lit; or one tile, brighter for the more frequent.

    `values` are the categories of the training rows that are frequent enough, the most frequent first. What is not
    among them, because it is rare or was never seen, is "other": the last tile, or black.
    """

    values: tuple[str, ...]
    one_hot: bool = True

    @property
    def count(self) -> int:
        """Number of tiles."""
        return len(self.values) + 1 if self.one_hot else 1

    def levels(self, values: Sequence[Any]) -> np.ndarray:
        """Return the levels of the tiles for each value."""
        places = {value: place for place, value in enumerate(self.values)}
        ranks = np.array([places.get(_category(value), len(places)) for value in values], int)
        if self.one_hot:
            levels = np.eye(self.count, dtype=np.float32)[ranks]
        else:
            levels = np.asarray(1 - ranks / max(1, len(places)), np.float32)[:, None]
        levels[[is_missing(value) for value in values]] = np.nan
        return np.asarray(levels, np.float32)

    def strangers(self, values: Sequence[Any]) -> int:
        """Count the values that are none of the known categories."""
        known = set(self.values)
        return sum(not is_missing(value) and _category(value) not in known for value in values)

    def state(self) -> dict[str, Any]:
        """Return the categories."""
        return asdict(self) | {"values": list(self.values)}


def fit_tiles(values: Sequence[Any], *, one_hot: bool, rare: int, most: int, quantiles: int) -> ColumnTiles:
    """Fit a column's tiles to its training values.

    Args:
        values: Numbers, or categories as strings; a column of nothing but missing values is one of categories.
        one_hot: Whether each category has a tile.
        rare: Categories that stand in fewer rows are "other".
        most: At most so many categories have a place of their own.
        quantiles: Number of quantiles, at least 2.
    """
    present = [value for value in values if not is_missing(value)]
    if present and not any(isinstance(value, str) for value in present):
        numbers = np.asarray(present, float)
        finite = numbers[np.isfinite(numbers)]
        found = np.quantile(finite if len(finite) else np.zeros(1), np.linspace(0, 1, quantiles))
        return NumberTiles(tuple(np.maximum.accumulate(found).tolist()))
    counts = Counter(map(_category, present))
    frequent = sorted((value for value in counts if counts[value] >= rare), key=lambda value: (-counts[value], value))
    return CategoryTiles(tuple(frequent[:most]), one_hot)


def tiles_from(state: Mapping[str, Any]) -> ColumnTiles:
    """Return the tiles whose `ColumnTiles.state` this is."""
    if "quantiles" in state:
        return NumberTiles(tuple(state["quantiles"]))
    return CategoryTiles(tuple(state["values"]), state["one_hot"])


def _category(value: Any) -> str:
    return str(value).strip()
