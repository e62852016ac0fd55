"""A table row as a picture: a tile per number or category, like columns side by side (IGTD, Zhu et al. 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from modaxfer.bridges.arrangement import arrange, place_ranks, unlikeness_ranks
from modaxfer.bridges.learned import fitted, state_name, taken_over
from modaxfer.bridges.tiles import CategoryTiles, ColumnTiles, fit_tiles, tiles_from
from modaxfer.bridges.tiling import cuts
from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import InputLayout, Row
    from modaxfer.spec import Field

__all__ = ["GridBridge", "GridOptions"]

CUSTOMARY_SIZE = 224
"""Pixels per side where the encoder names none."""

MISSING, UNUSED = (200, 30, 30), (128, 128, 128)
"""Colours of a tile without a value (values are grey) and of cells without a tile."""


@dataclass(frozen=True, kw_only=True)
class GridOptions:
    """How a table row is drawn; ``--set bridge.KEY=VALUE``."""

    categories: str = documented(
        "tiles",
        "tiles: one per category, of which one is white; shades: one per column, brighter for the more frequent.",
        choices=("tiles", "shades"),
    )
    rare: int = documented(5, "Categories in fewer training rows than this share the tile 'other'.", minimum=1)
    most: int = documented(16, "Most categories of a column that are told apart.", minimum=1)
    quantiles: int = documented(101, "Quantiles of the training rows that scale a number.", minimum=2)
    steps: int = documented(2000, "Most steps of the search for a good arrangement; 0 keeps the order.", minimum=0)
    starts: int = documented(3, "Arrangements the search starts from: the columns' order, then random.", minimum=1)
    seed: int = documented(0, "Seed of the random ones.", minimum=0)


@dataclass(frozen=True)
class _Layout:
    """What the training rows said: tiles by column, and which tile stands in which cell."""

    columns: Mapping[str, ColumnTiles]
    order: tuple[int, ...]
    error: tuple[float, float]
    """Error of the arrangement before and after the search."""

    def state(self) -> dict[str, Any]:
        columns = [{"name": name} | tiles.state() for name, tiles in self.columns.items()]
        return {"columns": columns, "order": list(self.order), "error": list(self.error)}


class GridBridge:
    """Draws a table row as tiles in a near-square grid that fills the picture.

    A number is a grey tile, 0 ... 1 among the training rows; a category lights one of its column's tiles, the last of
    which stands for all that is rare or was never seen. A missing value makes all tiles of its column red. Tile
    borders fall between the encoder's patches where there are enough patches.

    Args:
        options: How to draw.
        fields: Table fields of the task, at least one.
        layout: The encoder's picture and patch size; 224 pixels where it names none.
        root: Unused; values stand in the row itself.

    Raises:
        RefusedError: A field is not of a table, there is none, or there are more than pixels.
    """

    def __init__(self, options: GridOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None) -> None:
        self._size, self._unit = layout.image_size or CUSTOMARY_SIZE, layout.patch_size
        _check(fields, self._size)
        self._names, self._options = tuple(field.name for field in fields), options
        self._learned: _Layout | None = None
        self._strangers = dict.fromkeys(self._names, 0)
        self.identity = self._named(None)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was lost so far: columns without a frequent category, values that were never or rarely seen."""
        columns = self._learned.columns if self._learned else {}
        mute = [name for name, tiles in columns.items() if isinstance(tiles, CategoryTiles) and not tiles.values]
        lines = [
            f"grid: column {name} has no value in {self._options.rare} training rows; it shows nothing" for name in mute
        ]
        return tuple(
            lines
            + [
                f"grid: {count} values of {name} are rare or new, and are shown as 'other'"
                for name, count in self._strangers.items()
                if count and name not in mute
            ]
        )

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Learn scales, categories and the arrangement from the training rows; `targets` are not looked at.

        Raises:
            RefusedError: There are more tiles than pixels.
        """
        options = self._options
        columns = {
            name: fit_tiles(
                [row[name] for row in rows],
                one_hot=options.categories == "tiles",
                rare=options.rare,
                most=options.most,
                quantiles=options.quantiles,
            )
            for name in self._names
        }
        levels = np.concatenate([tiles.levels([row[name] for row in rows]) for name, tiles in columns.items()], axis=1)
        _refuse_crowd(levels.shape[1], self._size)
        self._learn(_arranged(columns, levels, options))

    def state(self) -> dict[str, Any]:
        """Return ``columns`` (quantiles or categories), ``order`` (tile in each cell) and ``error`` of the search."""
        return fitted(self._learned, "grid").state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a `state`.

        Raises:
            ConfigError: It is not of this bridge, or of one with other columns.
        """
        values = taken_over(state, ("columns", "order", "error"), "grid")
        names = [column["name"] for column in values["columns"]]
        if names != list(self._names):
            raise ConfigError(
                "a saved grid has other columns",
                got=list(self._names),
                allowed=names,
                fix="give the columns it was fitted to",
            )
        self._learn(
            _Layout(
                columns={column["name"]: tiles_from(column) for column in values["columns"]},
                order=tuple(values["order"]),
                error=(values["error"][0], values["error"][1]),
            )
        )

    def __call__(self, rows: Sequence[Row]) -> list[Image.Image]:
        """Return one square RGB picture per row.

        Raises:
            ModaxferError: The bridge has not been fitted.
        """
        return self.pictures(rows, self._size, self._size)

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Draw `rows` as RGB pictures of `width` x `height` pixels."""
        learned = fitted(self._learned, "grid")
        levels = np.concatenate([self._levels(name, tiles, rows) for name, tiles in learned.columns.items()], axis=1)
        cells = _colours(levels[:, list(learned.order)])
        across = _columns(len(learned.order))
        down = math.ceil(cells.shape[1] / across)
        spare = np.broadcast_to(np.array(UNUSED, np.uint8), (len(rows), across * down - cells.shape[1], 3))
        grids = np.concatenate([cells, spare], axis=1).reshape(len(rows), down, across, 3)
        tall, wide = np.diff(cuts(height, down, self._unit)), np.diff(cuts(width, across, self._unit))
        return [Image.fromarray(grid.repeat(tall, axis=0).repeat(wide, axis=1)) for grid in grids]

    def _learn(self, learned: _Layout) -> None:
        self._learned = learned
        self.identity = self._named(learned.state())

    def _named(self, state: Mapping[str, Any] | None) -> str:
        """Return columns, options, sizes and what was learned, as one string."""
        names = ",".join(self._names)
        return f"grid:{names}:size={self._size}:patch={self._unit}:{self._options}:{state_name(state)}"

    def _levels(self, name: str, tiles: ColumnTiles, rows: Sequence[Row]) -> np.ndarray:
        values = [row[name] for row in rows]
        if isinstance(tiles, CategoryTiles):
            self._strangers[name] += tiles.strangers(values)
        return tiles.levels(values)


def _arranged(columns: Mapping[str, ColumnTiles], levels: np.ndarray, options: GridOptions) -> _Layout:
    unlike, near = unlikeness_ranks(levels), place_ranks(levels.shape[1], _columns(levels.shape[1]))
    tries = [
        arrange(unlike, near, steps=options.steps, seed=None if start == 0 else options.seed + start)
        for start in range(options.starts if options.steps else 1)
    ]
    order, errors = min(tries, key=lambda found: found[1][-1])
    return _Layout(columns, tuple(order.tolist()), (tries[0][1][0], errors[-1]))


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))


def _colours(levels: np.ndarray) -> np.ndarray:
    """Turn levels ``[rows, tiles]`` into colours uint8 ``[rows, tiles, 3]``."""
    missing = np.isnan(levels)
    grey = np.rint(255 * np.where(missing, 0, levels)).astype(np.uint8)
    return np.where(missing[..., None], np.array(MISSING, np.uint8), grey[..., None])


def _check(fields: tuple[Field, ...], size: int) -> None:
    if not fields or any(field.signal.kind != "table" for field in fields):
        raise RefusedError(
            "the grid bridge draws table columns only",
            got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
            allowed="at least one field, all of kind table",
            fix="choose a task or fields of a table; --bridge montage draws other kinds beside them",
        )
    _refuse_crowd(len(fields), size)


def _refuse_crowd(tiles: int, size: int) -> None:
    if _columns(tiles) > size:
        raise RefusedError(
            "a table row has more tiles than the picture has pixels",
            got=f"{tiles} tiles in {size} x {size} pixels",
            allowed=f"at most {size * size}",
            fix="name fewer columns, --set bridge.categories=shades, or raise encoder.image_size",
        )
