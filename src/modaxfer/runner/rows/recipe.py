"""Everything that makes examples of raw rows, as data that another process can be sent. Light: workers import it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.contracts import Bridge, InputLayout, Processor
from modaxfer.data.blanks import is_missing
from modaxfer.runner.model.bridge import build_bridge
from modaxfer.runner.model.joint import parts_of
from modaxfer.spec import Change, Field

if TYPE_CHECKING:
    from modaxfer.runner.model.description import ModelDescription
    from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["Columns", "Recipe", "TowerRecipe", "columns_of", "recipe_of"]


@dataclass(frozen=True, kw_only=True)
class TowerRecipe:
    """One encoder's part: a bridge, as what it is built from, and a processor."""

    target: str
    options: Any
    fields: tuple[Field, ...]
    layout: InputLayout
    root: Path | None
    learned: Mapping[str, Any] | None
    """State of a bridge that is fitted."""
    processor: Processor

    def bridge(self) -> Bridge:
        """Return a bridge that does what the run's does."""
        return build_bridge(self.target, self.options, self.fields, self.layout, self.root, self.learned)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the training rows say of a table's columns of numbers."""

    deviations: Mapping[str, float]
    whole: frozenset[str]
    """Columns of which all numbers are whole."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A task's training rows, and the way from there to examples."""

    rows: Any
    """A `datasets.Dataset`, media not decoded."""
    fields: tuple[Field, ...]
    towers: tuple[TowerRecipe, ...]
    columns: Columns
    forbid: tuple[Change, ...]
    """What the task forbids."""
    task: str
    """Id, for messages."""

    @property
    def root(self) -> Path | None:
        """Folder that media paths are resolved against."""
        return self.towers[0].root


def recipe_of(
    resolved: ResolvedTask, described: ModelDescription, processor: Processor, split: str = "train"
) -> Recipe:
    """Return the recipe of the rows of `split`.

    Args:
        resolved: The task.
        described: Its model, bridges fitted.
        processor: Of all towers.
        split: Whose rows are to be made.
    """
    towers = tuple(
        TowerRecipe(
            target=tower.bridge.spec.target,
            options=tower.bridge_options,
            fields=tower.fields,
            layout=tower.layout,
            root=resolved.data.root,
            learned=tower.learned,
            processor=own,
        )
        for tower, own in zip(described.towers, parts_of(processor), strict=True)
    )
    return Recipe(
        rows=resolved.data.splits[split],
        fields=resolved.fields,
        towers=towers,
        columns=columns_of(resolved.data.splits["train"], resolved.fields),
        forbid=resolved.task.forbid,
        task=resolved.task_id,
    )


def columns_of(rows: Any, fields: Sequence[Field]) -> Columns:
    """Return what `rows` say of the table columns among `fields` that hold numbers alone."""
    numbers = {
        field.name: found
        for field in fields
        if field.signal.kind == "table" and (found := _numbers(rows[field.name])) is not None
    }
    return Columns(
        deviations={name: float(values.std()) for name, values in numbers.items()},
        whole=frozenset(name for name, values in numbers.items() if (values == np.round(values)).all()),
    )


def _numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Return the numbers of a column, float64; None where something else stands there, or nothing."""
    there = [value for value in values if not is_missing(value)]
    if not there or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        return None
    return np.array([value for value in there if math.isfinite(value)], np.float64)
