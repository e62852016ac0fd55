"""All fields of a row side by side in one picture, for an encoder of one image (CLIPPO, Tschannen et al. 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageChops

from modaxfer.bridges.fonts import fonts_here
from modaxfer.bridges.grid import GridBridge, GridOptions
from modaxfer.bridges.learned import taken_over
from modaxfer.bridges.native import texts_of
from modaxfer.bridges.panels import ImagePanel, Panel, SoundPanel, TextPanel
from modaxfer.bridges.spectrogram import SpectrogramBridge, SpectrogramOptions
from modaxfer.bridges.tiling import cuts, spread
from modaxfer.bridges.typeface import Typeface
from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from modaxfer.contracts import InputLayout, Row
    from modaxfer.spec import Field

__all__ = ["MontageBridge", "MontageOptions", "boxes"]

CUSTOMARY_SIZE = 224
"""Pixels per side where the encoder names none."""

MOST_PANELS = 16
SMALLEST_PANEL = 8
"""Pixels; what is smaller shows nothing."""

LARGEST_LINE, CUSTOMARY_LINE = 16, 14
"""Pixels per line of text: at most, and for an encoder without patches."""

FONTS = "fonts"
"""Key of the stand-in fonts in a state."""

RULE = (160, 160, 160)
"""Colour of the line between two panels."""

ORDER = ("image", "audio", "table", "text")
"""Kinds in the order of their panels: the last row has the widest panels, and lines of text gain most by width."""


@dataclass(frozen=True, kw_only=True)
class MontageOptions:
    """How panels are drawn; ``--set bridge.KEY=VALUE``."""

    font: str | None = documented(
        None,
        "Font file (ttf, otf); default the one inside Pillow, Aileron, and for scripts that it lacks (all but ASCII) "
        "fonts of this machine.",
    )
    boxes: float = documented(
        0.1, "Largest share of characters that may be drawn as boxes; more are refused.", minimum=0.0, maximum=1.0
    )
    line_height: int | None = documented(
        None, "Pixels per line of text; default a whole part of a patch, at most 16; 14 without patches.", minimum=6
    )
    squeeze: float = documented(0.85, "Width of a letter relative to its natural width, 0.25 to 1.", minimum=0.25)
    seconds: float = documented(10.0, "Longest stretch of a sound that is shown, in seconds.", minimum=0.05)
    categories: str = documented(
        "tiles",
        "Categories of a table: a tile each, or shades of one tile per column.",
        choices=("tiles", "shades"),
    )


class MontageBridge:
    """Draws every field of a row into a panel of one square picture.

    Images are shown whole on white, sounds as spectrograms, texts as wrapped lines, and all table columns share one
    panel, a grid, of which nothing has to be cut. Panels stand in the order images, sounds, table, texts, within a
    kind in the task's order, in the boxes that `boxes` says. A missing image or sound is an empty grey panel. With one
    text field it draws a page, for encoders that have no patches to render to.

    Spectrograms, grids and the fonts of texts are fitted.

    Args:
        options: How to draw.
        fields: Fields of the task: images, sounds, texts and table columns.
        layout: The encoder's picture and patch size; 224 pixels where it names none.
        root: Folder that relative media paths are resolved against and may not leave.

    Raises:
        RefusedError: There is no field, one of another kind, or there are too many panels for the picture.
        ConfigError: The font or its size cannot be used.
    """

    def __init__(
        self, options: MontageOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        self._size = layout.image_size or CUSTOMARY_SIZE
        line = options.line_height or _line_height(layout.patch_size)
        shown = _panel_fields(fields)
        self._boxes = boxes(len(shown), self._size, layout.patch_size)
        _check(options, self._boxes, line if any(field.signal.kind == "text" for field in fields) else SMALLEST_PANEL)
        self._face = Typeface(path=options.font, height=line, size=None, squeeze=options.squeeze)
        self._parts: dict[str, SpectrogramBridge | GridBridge] = {}
        self._panels = [
            self._panel(group, options, replace(layout, image_size=_smaller_side(box)), root)
            for group, box in zip(shown, self._boxes, strict=True)
        ]
        names = [f"{field.name}({field.signal})" for group in shown for field in group]
        self._drawing = f"montage:{','.join(names)}:size={self._size}:{self._boxes}:{options}"
        self._texts = tuple(group[0].name for group in shown if group[0].signal.kind == "text")
        self._most_missing = options.boxes
        # What fonts it will find is not known yet, but where it will look.
        self.identity = self._name() + (f":{fonts_here()}" if self._texts and options.font is None else "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was lost so far, one line each: cut texts and sounds, characters without a glyph, rare categories."""
        lines = [line for panel in self._panels for line in panel.warnings]
        return (*self._face.repertoire.losses("montage", self._face.name), *lines)

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Fit the spectrograms and the grid to the training rows, and find fonts for the scripts of their texts.

        Raises:
            DataError: A sound cannot be read.
            RefusedError: Too many characters would be boxes.
        """
        self.examine(rows)
        for part in self._parts.values():
            part.fit(rows, targets)
        self.identity = self._name()

    def examine(self, rows: Sequence[Row]) -> None:
        """Find fonts for the texts of the training rows.

        Raises:
            RefusedError: Too many characters would be boxes.
        """
        self._face.fit([text for row in rows for text in texts_of(row, self._texts)], self._most_missing)

    def state(self) -> dict[str, Any]:
        """Return the states of the fitted parts, by name, and the fonts that stand in for the own one."""
        fonts = {FONTS: self._face.state()} if self._texts else {}
        return {name: part.state() for name, part in self._parts.items()} | fonts

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a `state`.

        Raises:
            ConfigError: It is not of a montage of these fields, or a font is not on this machine.
        """
        # Runs from when there were no stand-ins do not name any.
        parts = {name: values for name, values in state.items() if name != FONTS}
        values = taken_over(parts, list(self._parts), "montage")
        self._face.restore(state.get(FONTS, []))
        for name, part in self._parts.items():
            part.restore(values[name])
        self.identity = self._name()

    def __call__(self, rows: Sequence[Row]) -> list[Image.Image]:
        """Return one square RGB picture per row.

        Raises:
            DataError: An image or a sound cannot be read.
            ModaxferError: A part has not been fitted.
        """
        canvases = [Image.new("RGB", (self._size, self._size), "white") for _ in rows]
        for panel, box in zip(self._panels, self._boxes, strict=True):
            left, top, right, bottom = box
            for canvas, picture in zip(canvases, panel.pictures(rows, right - left, bottom - top), strict=True):
                canvas.paste(picture, (left, top))
        return [ImageChops.darker(canvas, self._rules) for canvas in canvases] if len(self._boxes) > 1 else canvases

    def _name(self) -> str:
        """Return fields, boxes, options and what the parts have learned, as one string."""
        return ":".join([self._drawing, self._face.identity, *(part.identity for part in self._parts.values())])

    @property
    def _rules(self) -> Image.Image:
        """Return a white picture with a line below and to the right of every panel that has a neighbour there."""
        rules = Image.new("RGB", (self._size, self._size), "white")
        for left, top, right, bottom in self._boxes:
            if right < self._size:
                rules.paste(RULE, (right - 1, top, right, bottom))
            if bottom < self._size:
                rules.paste(RULE, (left, bottom - 1, right, bottom))
        return rules

    def _panel(
        self, group: tuple[Field, ...], options: MontageOptions, layout: InputLayout, root: Path | None
    ) -> Panel:
        name, kind = group[0].name, group[0].signal.kind
        if kind == "image":
            return ImagePanel(name, root)
        if kind == "text":
            return TextPanel(name, self._face, margin=2)
        if kind == "audio":
            sound = SpectrogramBridge(SpectrogramOptions(seconds=options.seconds), group, layout, root)
            self._parts[f"sound {name}"] = sound
            return SoundPanel(name, sound)
        grid = GridBridge(GridOptions(categories=options.categories), group, layout, root)
        self._parts["table"] = grid
        return grid


def boxes(count: int, size: int, patch: int | None) -> tuple[tuple[int, int, int, int], ...]:
    """Divide a square picture among `count` panels.

    They stand in ``ceil(sqrt(count))`` rows of equal height, fuller rows first, and share the width of their row: two
    stand one above the other, three as two above one, four as two by two. Borders fall between patches where there
    are enough patches.

    Args:
        count: Number of panels, at least 1.
        size: Pixels per side of the picture.
        patch: Pixels per side of a patch, None where there are none.

    Returns:
        ``(left, top, right, bottom)`` in pixels, row by row.
    """
    rows = spread(count, math.ceil(math.sqrt(count)))
    return tuple(
        (left, top, right, bottom)
        for panels, (top, bottom) in zip(rows, pairwise(cuts(size, len(rows), patch)), strict=True)
        for left, right in pairwise(cuts(size, panels, patch))
    )


def _panel_fields(fields: tuple[Field, ...]) -> list[tuple[Field, ...]]:
    """Group `fields` into panels, in the order in which they stand.

    Raises:
        RefusedError: There is no field, one of an unknown kind, or too many.
    """
    unknown = [f"{field.name} ({field.signal})" for field in fields if field.signal.kind not in ORDER]
    if unknown or not fields:
        raise RefusedError(
            "the montage bridge draws images, sounds, texts and table columns",
            got=unknown or "no field",
            allowed=ORDER,
            fix="choose a task or fields of these kinds",
        )
    by_kind = {kind: tuple(field for field in fields if field.signal.kind == kind) for kind in ORDER}
    panels = [
        group
        for kind, found in by_kind.items()
        for group in ([found] if kind == "table" and found else [(field,) for field in found])
    ]
    if len(panels) > MOST_PANELS:
        raise RefusedError(
            "a montage has too many panels to be read",
            got=f"{len(panels)} fields, all table columns counted as one",
            allowed=f"at most {MOST_PANELS}",
            fix="name fewer columns",
        )
    return panels


def _check(options: MontageOptions, found: Sequence[tuple[int, int, int, int]], least: int) -> None:
    smallest = min(map(_smaller_side, found))
    if smallest < max(least, SMALLEST_PANEL):
        raise RefusedError(
            "the picture is too small for a montage of these fields",
            got=f"{len(found)} panels, the smallest of {smallest} pixels",
            allowed=f"at least {max(least, SMALLEST_PANEL)} pixels",
            fix="raise encoder.image_size, lower bridge.line_height or name fewer fields",
        )
    if options.squeeze > 1:
        raise ConfigError("bridge.squeeze is out of range", got=options.squeeze, allowed="0.25 to 1")


def _smaller_side(box: tuple[int, int, int, int]) -> int:
    left, top, right, bottom = box
    return min(right - left, bottom - top)


def _line_height(patch: int | None) -> int:
    """Return the largest height of which a whole number fits a patch, so that no line stands in two patches."""
    return patch // math.ceil(patch / LARGEST_LINE) if patch else CUSTOMARY_LINE
