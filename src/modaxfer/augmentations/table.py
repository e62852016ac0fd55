"""Augmentations of table rows: numbers that shake, cells that are left blank."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from modaxfer.contracts import Cells

__all__ = ["drop_cells", "jitter"]


def jitter(cells: Cells, strength: float, generator: Generator) -> Mapping[str, Any]:
    """Add normal noise of `strength` times the column's deviation to each number; whole columns stay whole."""
    drawn = {name: generator.normal(0.0, strength) * deviation for name, deviation in cells.deviations.items()}
    return {**cells.values, **{name: _shaken(cells, name, by) for name, by in drawn.items()}}


def drop_cells(cells: Cells, strength: float, generator: Generator) -> Mapping[str, Any]:
    """Leave each cell blank with probability `strength`; one cell at least stays."""
    names = list(cells.values)
    kept = generator.random(len(names)) >= strength
    if not kept.any():
        kept[generator.integers(len(names))] = True
    return {name: cells.values[name] if stays else None for name, stays in zip(names, kept, strict=True)}


def _shaken(cells: Cells, name: str, by: float) -> Any:
    value = cells.values[name]
    if value is None or not math.isfinite(value):
        return value
    return float(round(value + by)) if name in cells.whole else value + by
