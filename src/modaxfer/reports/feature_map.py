"""Where rows lie for the head of a run's model, as the run has kept it."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from modaxfer.runner.folder import FEATURE_MAP

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FeatureMap", "Place", "read_map"]

SPLITS = ("source", "train", "validation", "test")
"""In the order in which a legend names them."""


class Place(NamedTuple):
    """One row."""

    row_id: str
    split: str
    """``source`` where it is of the source task."""
    label: str | float | None
    """Its class or number; None for several labels, and for hidden ones."""
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class FeatureMap:
    """Rows on the first two principal components of what the head is given."""

    explained: tuple[float, float]
    """Shares of the variance."""
    width: int
    """Numbers in a vector."""
    encoded: int
    """Rows that were encoded for the map alone."""
    seconds: float
    """What it took."""
    places: tuple[Place, ...]

    @property
    def splits(self) -> dict[str, int]:
        """How many rows are of each split."""
        counts = Counter(place.split for place in self.places)
        return {name: counts[name] for name in SPLITS if counts[name]}

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes, the most frequent first."""
        counts = Counter(place.label for place in self.places if isinstance(place.label, str))
        return tuple(name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def numeric(self) -> bool:
        """Whether labels are numbers."""
        return any(isinstance(place.label, float) for place in self.places)


def read_map(folder: Path) -> FeatureMap | None:
    """Return the map of the run in `folder`; None where it has kept none, or none that can be drawn."""
    try:
        kept = json.loads((folder / FEATURE_MAP).read_text(encoding="utf-8"))
        found = FeatureMap(
            explained=(float(kept["explained"][0]), float(kept["explained"][1])),
            width=int(kept["width"]),
            encoded=int(kept["encoded"]),
            seconds=float(kept["seconds"]),
            places=tuple(_place(row) for row in kept["rows"]),
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    drawable = len(found.places) > 1 and all(math.isfinite(each.x + each.y) for each in found.places)
    return found if drawable and all(each.split in SPLITS for each in found.places) else None


def _place(row: Any) -> Place:
    label = row["label"]
    label = float(label) if isinstance(label, int | float) else label if label is None else str(label)
    return Place(str(row["row_id"]), str(row["split"]), label, float(row["x"]), float(row["y"]))
