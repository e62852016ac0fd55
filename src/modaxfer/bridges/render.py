"""Text drawn as a strip of patches, so that an image encoder reads it (PIXEL, Rust et al. 2023; Lotz et al. 2023)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from modaxfer.bridges.fonts import fonts_here
from modaxfer.bridges.learned import taken_over
from modaxfer.bridges.native import texts_of
from modaxfer.bridges.repertoire import CLOSEST_FORMS
from modaxfer.bridges.typeface import WHITE, Typeface
from modaxfer.bridges.word_cells import WordCells
from modaxfer.config import documented
from modaxfer.contracts import InputLayout, PatchStrip, Row
from modaxfer.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modaxfer.spec import Field

__all__ = ["RenderBridge", "RenderOptions"]

UNUSED = 208
"""Grey of a grid cell without a patch, in a preview."""


@dataclass(frozen=True, kw_only=True)
class RenderOptions:
    """How text is drawn; ``--set bridge.KEY=VALUE``."""

    font: str | None = documented(
        None,
        "Font file (ttf, otf); default the one inside Pillow, Aileron, and for scripts that it lacks (all but ASCII) "
        "fonts of this machine.",
    )
    boxes: float = documented(
        0.1, "Largest share of characters that may be drawn as boxes; more are refused.", minimum=0.0, maximum=1.0
    )
    font_size: float | None = documented(None, "Pixels per em; default the largest that fits a patch.", minimum=4.0)
    squeeze: float | None = documented(
        None,
        "Width of a letter relative to its natural width, 0.25 to 1; default 0.75, for bigrams and words 1.",
        minimum=0.25,
    )
    unit: str = documented(
        "continuous",
        "What a patch shows: continuous = the next stretch of the line, bigrams = two characters, centred, words = two "
        "characters, each in its half, and every word from a new patch on.",
        choices=("continuous", "bigrams", "words"),
    )


class RenderBridge:
    """Draws each text field as one line and cuts it to the encoder's patches.

    The lines stand one after the other with one black patch between two fields; patch i of the strip is meant for
    cell i of the encoder's grid, row by row. A strip is as long as its texts need. Where they need more than the
    encoder holds, the longest field is cut first, so that a short one (a party's name) survives.

    Instead of the next stretch of the line, a patch may show the next two characters, spaces included, in its middle:
    there are far fewer different patches then (bigrams of Lotz et al. 2023, "Text Rendering Strategies for Pixel
    Language Models"). With ``unit=words`` every word begins on a patch's border, so that it is the same run of patches
    wherever it stands: an encoder learns it once.

    Args:
        options: How to draw.
        fields: Text fields of the task, at least one.
        layout: The encoder's patch size and number of positions, of which one belongs to its class token.
        root: Unused; texts stand in the row itself.

    Raises:
        RefusedError: A field is not text, or the encoder has no square patches or too few positions.
        ConfigError: The font or its size cannot be used.
    """

    def __init__(
        self, options: RenderOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        _check(options, fields, layout)
        self._names = tuple(field.name for field in fields)
        self._side, self._columns = layout.patch_size or 1, _grid_columns(layout)
        self._most = layout.max_tokens - 1
        self._unit = options.unit
        squeeze = options.squeeze or (0.75 if self._unit == "continuous" else 1.0)
        self._face = Typeface(path=options.font, height=self._side, size=options.font_size, squeeze=squeeze)
        self._cell = lru_cache(maxsize=8192)(lambda pair: self._face.cell(pair, self._side))
        self._cells = WordCells(self._face, self._side)
        self._boxes = options.boxes
        self._rows = self._cut = self._wanted = self._lost = 0
        # What fonts it will find is not known yet, but where it will look.
        self.identity = self._named() + (f":{fonts_here()}" if options.font is None else "")

    @property
    def drawing(self) -> tuple[dict[str, Any], bytes]:
        """How it draws with its own font, as plain JSON types, and that font's file."""
        told = {"side": self._side, "most": self._most, "font_size": self._face.size, "squeeze": self._face.squeeze}
        return {**told, "closest": dict(CLOSEST_FORMS)}, self._face.data

    def fit(self, rows: Sequence[Row], targets: np.ndarray) -> None:
        """Look which scripts the training rows are written in, and find fonts for them; `targets` say nothing.

        Raises:
            RefusedError: Too many characters would be boxes.
        """
        self.examine(rows)
        self._settle()

    def examine(self, rows: Sequence[Row]) -> None:
        """Find fonts for the training rows.

        Raises:
            RefusedError: Too many characters would be boxes.
        """
        self._face.fit([text for row in rows for text in self._texts(row)], self._boxes)

    def state(self) -> dict[str, Any]:
        """Return the fonts that stand in for the own one."""
        return {"fonts": self._face.state()}

    def restore(self, state: Mapping[str, Any] | None) -> None:
        """Take over a `state`; None = of a run from when there were no stand-ins.

        Raises:
            ConfigError: It is not of this bridge, or a font is not on this machine.
        """
        self._face.restore(taken_over(state or {"fonts": []}, ("fonts",), "render")["fonts"])
        self._settle()

    def _settle(self) -> None:
        self._cell.cache_clear()
        self._cells.clear()
        self.identity = self._named()

    def _named(self) -> str:
        unit = "" if self._unit == "continuous" else f":{self._unit}"
        return f"render:{','.join(self._names)}:most={self._most}:{self._face.identity}{unit}"

    def __call__(self, rows: Sequence[Row]) -> list[PatchStrip]:
        """Return one strip per row, at least one patch long and at most what the encoder holds."""
        return [self._strip(self._texts(row)) for row in rows]

    def _texts(self, row: Row) -> tuple[str, ...]:
        """Return what is drawn of a row, each of it from a patch of its own on."""
        return texts_of(row, self._names)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What drawing has lost so far, one line each: characters without a glyph, rows that were cut."""
        lines = self._face.repertoire.losses("render", self._face.name)
        if self._cut:
            share = 100 * self._lost / self._wanted
            how = (
                ""
                if self._unit != "continuous"
                else " (a smaller bridge.squeeze or bridge.font_size draws more in each)"
            )
            lines.append(
                f"render: {self._cut} of {self._rows} rows were cut to {self._most} patches: "
                f"{share:.2g} % of all patches were not drawn{how}"
            )
        return tuple(lines)

    def preview(self, rows: Sequence[Row]) -> Image.Image:
        """Return the strips as the encoder's grid holds them, one under the other; unused cells are grey."""
        grids = [_unfold(strip.pixels, self._columns) for strip in self(rows)]
        gap = np.full((2, grids[0].shape[1], 3), UNUSED, np.uint8)
        return Image.fromarray(np.concatenate([part for grid in grids for part in (grid, gap)]))

    def _strip(self, texts: tuple[str, ...]) -> PatchStrip:
        runs = list(map(self._run, texts))
        wanted = [len(run) for run in runs]
        kept = _shorten(wanted, self._most - (len(runs) - 1))
        whole = sum(map(self._patches_of, texts, wanted)) if kept != wanted else sum(wanted)
        self._count(whole, sum(kept))
        runs = [run[:count] for run, count in zip(runs, kept, strict=True)]
        separator = np.zeros((1, self._side, self._side), np.uint8)
        grey = np.concatenate([runs[0], *(part for run in runs[1:] for part in (separator, run))])
        if not len(grey):
            grey = np.full((1, self._side, self._side), WHITE, np.uint8)
        return PatchStrip(pixels=np.repeat(grey[..., None], 3, axis=-1))

    def _count(self, wanted: int, drawn: int) -> None:
        """Note a row that needs `wanted` patches, of which `drawn` were drawn."""
        self._rows += 1
        self._cut += drawn < wanted
        self._wanted, self._lost = self._wanted + wanted, self._lost + wanted - drawn

    def _run(self, text: str) -> np.ndarray:
        """Draw `text` as patches ``[patches, side, side]``."""
        if self._unit == "words":
            return self._cells.run(self._face.repertoire.drawable(text), self._most)
        return self._bigram_run(text) if self._unit == "bigrams" else self._continuous_run(text)

    def _patches_of(self, text: str, drawn: int) -> int:
        """Return how many patches a text needs of which `drawn` have been drawn."""
        if drawn <= self._most:
            return drawn
        if self._unit == "words":
            return self._cells.count(self._face.repertoire.known(text))
        if self._unit == "bigrams":
            return math.ceil(len(" ".join(self._face.repertoire.known(text).split())) / 2)
        return max(drawn, math.ceil(self._face.length(text) / self._side))

    def _continuous_run(self, text: str) -> np.ndarray:
        """Draw `text` as patches ``[patches, side, side]``, at most one more than the encoder holds."""
        # One pixel more than the encoder holds shows that a line is too long, without drawing all of it.
        return _patches(self._face.draw(text, self._most * self._side + 1), self._side)

    def _bigram_run(self, text: str) -> np.ndarray:
        characters = " ".join(self._face.repertoire.drawable(text).split())[: 2 * self._most + 1]
        cells = [self._cell(characters[start : start + 2]) for start in range(0, len(characters), 2)]
        return np.stack(cells) if cells else np.empty((0, self._side, self._side), np.uint8)


def _check(options: RenderOptions, fields: tuple[Field, ...], layout: InputLayout) -> None:
    if not fields or any(field.signal.kind != "text" for field in fields):
        raise RefusedError(
            "the render bridge draws text fields only",
            got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
            allowed="at least one field, all of kind text",
            fix="choose a task or fields of text",
        )
    if layout.patch_size is None:
        raise RefusedError(
            "text can be drawn only for an encoder with square patches",
            got=f"an encoder of {layout.kind} without a patch size",
            allowed="a vision transformer",
            fix="choose an encoder such as vit",
        )
    if layout.max_tokens - 1 < 2 * len(fields):
        raise RefusedError(
            "the encoder holds too few patches for these text fields",
            got=f"{layout.max_tokens - 1} patches for {len(fields)} fields",
            allowed=f"at least {2 * len(fields)} patches",
            fix="raise encoder.max_tokens or name fewer text fields",
        )
    if options.squeeze is not None and options.squeeze > 1:
        raise ConfigError("bridge.squeeze is out of range", got=options.squeeze, allowed="0.25 to 1")


def _shorten(wanted: Sequence[int], budget: int) -> list[int]:
    """Return lengths that sum to at most `budget`: the longest give way first, down to equal shares."""
    kept = list(wanted)
    shortest_first = sorted(range(len(kept)), key=lambda position: wanted[position])
    for done, position in enumerate(shortest_first):
        kept[position] = min(wanted[position], budget // (len(kept) - done))
        budget -= kept[position]
    return kept


def _patches(line: np.ndarray, side: int) -> np.ndarray:
    """Cut a line ``[side, width]`` to patches ``[patches, side, side]``, white behind its end."""
    count = math.ceil(line.shape[1] / side)
    padded = np.full((side, count * side), WHITE, np.uint8)
    padded[:, : line.shape[1]] = line
    return padded.reshape(side, count, side).swapaxes(0, 1)


def _unfold(patches: np.ndarray, columns: int) -> np.ndarray:
    """Lay patches ``[patches, side, side, 3]`` out in rows of `columns`: ``[height, width, 3]``."""
    count, side = patches.shape[:2]
    lines = math.ceil(count / columns)
    cells = np.full((lines * columns, side, side, 3), UNUSED, np.uint8)
    cells[:count] = patches
    return cells.reshape(lines, columns, side, side, 3).swapaxes(1, 2).reshape(lines * side, columns * side, 3)


def _grid_columns(layout: InputLayout) -> int:
    if layout.image_size is not None and layout.patch_size is not None:
        return max(1, layout.image_size // layout.patch_size)
    return max(1, math.isqrt(layout.max_tokens - 1))
