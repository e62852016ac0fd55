"""Rows made again each time they are asked for: decoded, augmented, bridged, processed.

What a row becomes depends on the seed of the run, the epoch, the row and the view alone: not on which process makes it,
when, or beside which others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from modaxfer.augmentations.choice import Augmentation
from modaxfer.contracts import Cells, Example, Sound
from modaxfer.data.blanks import filled, is_missing, present
from modaxfer.data.media import read_image, read_sound
from modaxfer.errors import DataError, ModaxferError, PluginFaultError, RunFailedError
from modaxfer.registry import call_target, fault
from modaxfer.runner.model.bridge import bridged
from modaxfer.runner.model.joint import joined
from modaxfer.runner.rows.raw import counting, rows_of
from modaxfer.runner.rows.recipe import Recipe
from modaxfer.spec import Field

__all__ = ["Draw", "RowMaker"]

OF_ROWS = 1
"""Keeps these draws apart from those of whole batches."""

LONGEST = 60.0
"""Seconds of a sound that are augmented at most, where no encoder says how much it hears."""


@dataclass(frozen=True)
class Draw:
    """One making of one row."""

    row: int
    epoch: int
    """Counted over all phases, so that no two draw alike."""
    view: int = 0


class RowMaker:
    """Makes examples of raw rows.

    Args:
        recipe: Rows and the way from them to examples.
        views: By view, the augmentations applied in this order; those of whole batches are left to a `Blender`.
        seed: Of the run.
        stream: Name of the stream that it makes rows for; two streams of one task draw differently.
    """

    def __init__(
        self, recipe: Recipe, views: Sequence[Sequence[Augmentation]], seed: int, stream: str = "train"
    ) -> None:
        self._given = (recipe, tuple(map(tuple, views)), seed, stream)
        self._recipe, self._seed, self._stream = recipe, seed, crc32(stream.encode())
        self._steps = [[_Step(one, recipe) for one in view if one.spec.level == "row"] for view in views]
        self._bridges = [tower.bridge() for tower in recipe.towers]
        self._processors = [counting(tower.processor) for tower in recipe.towers]
        self._heard = max((tower.layout.seconds or LONGEST for tower in recipe.towers), default=LONGEST)

    def __reduce__(self) -> tuple[object, ...]:
        # What is built from the recipe is built again where it arrives.
        return RowMaker, self._given

    def __call__(self, draws: Sequence[Draw]) -> list[Example]:
        """Return one example per draw.

        Raises:
            DataError: A row cannot be decoded.
            PluginFaultError: An augmentation fails, or gives what it must not.
        """
        return [self._made(draw) for draw in draws]

    def _made(self, draw: Draw) -> Example:
        (raw,) = rows_of(self._recipe.rows, draw.row, draw.row + 1)
        try:
            row = self._augmented(raw, self._steps[draw.view], self._generator(draw))
            return self._example(raw, row)
        except ModaxferError as error:
            raise _named(error, f"row {raw['row_id']} of task {self._recipe.task}") from error

    def _generator(self, draw: Draw) -> np.random.Generator:
        return np.random.default_rng([OF_ROWS, self._seed, self._stream, draw.epoch, draw.row, draw.view])

    def _augmented(
        self, raw: Mapping[str, Any], steps: Sequence[_Step], generator: np.random.Generator
    ) -> dict[str, Any]:
        row = dict(raw)
        for step in steps:
            for field in step.fields:
                if not is_missing(raw[field.name]):
                    row[field.name] = step(self._decoded(row[field.name], field), generator)
            if step.cells:
                row |= step.on_cells(row, generator)
        return row

    def _decoded(self, value: Any, field: Field) -> Any:
        if field.signal.kind == "image":
            return read_image(value, self._recipe.root)
        if field.signal.kind == "audio":
            return read_sound(value, self._recipe.root, rate=None, seconds=self._heard)
        return value

    def _example(self, raw: Mapping[str, Any], row: Mapping[str, Any]) -> Example:
        towers = self._recipe.towers
        if len(towers) == 1:
            return self._processors[0](bridged(self._bridges[0], [row]))[0]
        parts = [
            processor(bridged(bridge, filled([row], tower.fields)))[0]
            for tower, bridge, processor in zip(towers, self._bridges, self._processors, strict=True)
        ]
        return joined(parts, [float(present([raw], tower.fields)[0]) for tower in towers])


class _Step:
    """One augmentation with the fields that it changes."""

    def __init__(self, one: Augmentation, recipe: Recipe) -> None:
        self._target, self._strength, self._columns = one.spec.target, one.strength, recipe.columns
        self._kind = f"augmentation {one.spec.name}"
        self._keywords = {"forbid": recipe.forbid} if one.spec.heeds else {}
        concerned = [field for field in recipe.fields if field.signal.kind in one.spec.signals]
        self.fields = [field for field in concerned if field.signal.kind != "table"]
        self.cells = [field.name for field in concerned if field.signal.kind == "table"]

    def __call__(self, value: Any, generator: np.random.Generator) -> Any:
        return self._checked(value, self._called(value, generator))

    def on_cells(self, row: Mapping[str, Any], generator: np.random.Generator) -> Mapping[str, Any]:
        values = {name: None if is_missing(row[name]) else row[name] for name in self.cells}
        deviations = {name: value for name, value in self._columns.deviations.items() if name in values}
        cells = Cells(values=values, deviations=deviations, whole=self._columns.whole)
        made: Mapping[str, Any] = self._called(cells, generator)
        if not isinstance(made, Mapping) or set(made) != set(values):
            self._refuse(made, "a mapping of the same columns")
        return made

    def _called(self, value: Any, generator: np.random.Generator) -> Any:
        return call_target(self._target, value, self._strength, generator, kind=self._kind, **self._keywords)

    def _checked(self, value: Any, made: Any) -> Any:
        wanted = Sound if isinstance(value, Sound) else str if isinstance(value, str) else _picture()
        if not isinstance(made, wanted):
            self._refuse(made, wanted.__name__)
        return made

    def _refuse(self, made: Any, wanted: str) -> None:
        raise fault(self._target, "returned what it must not", got=type(made).__name__, allowed=wanted, kind=self._kind)


def _picture() -> type:
    from PIL import Image

    return Image.Image


def _named(error: ModaxferError, place: str) -> ModaxferError:
    """Return `error` with the row that it arose at."""
    if isinstance(error, PluginFaultError):
        return error.at(place)
    kind = DataError if isinstance(error, DataError) else RunFailedError
    return kind(f"{place}: {error.what}", got=error.got, allowed=error.allowed, fix=error.fix)
