"""What the panels of a montage show: one image, one sound, one text, or all columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image, ImageOps

from modaxfer.bridges.native import texts_of
from modaxfer.bridges.typeface import WHITE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.bridges.spectrogram import SpectrogramBridge
    from modaxfer.bridges.typeface import Typeface
    from modaxfer.contracts import Row

__all__ = ["ImagePanel", "Panel", "SoundPanel", "TextPanel"]

EMPTY = (208, 208, 208)
"""Colour of a panel whose image or sound is missing."""


class Panel(Protocol):
    """Draws its part of rows; `warnings` says what was lost."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per kind of loss."""
        ...

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Return one RGB picture of `width` x `height` pixels per row."""
        ...


class ImagePanel:
    """Shows an image as large as it fits, on white; nothing is cut off."""

    warnings: tuple[str, ...] = ()

    def __init__(self, name: str, root: Path | None) -> None:
        self._name, self._root = name, root

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Return the images; an empty grey panel where there is none.

        Raises:
            DataError: An image cannot be read.
        """
        return [self._picture(row, (width, height)) for row in rows]

    def _picture(self, row: Row, size: tuple[int, int]) -> Image.Image:
        from modaxfer.data.media import read_image

        if row[self._name] is None:
            return Image.new("RGB", size, EMPTY)
        return ImageOps.pad(read_image(row[self._name], self._root), size, Image.Resampling.BICUBIC, color="white")


class SoundPanel:
    """Shows a sound's spectrogram, stretched to the panel."""

    def __init__(self, name: str, bridge: SpectrogramBridge) -> None:
        self._name, self._bridge = name, bridge

    @property
    def warnings(self) -> tuple[str, ...]:
        """Clips that were cut."""
        return self._bridge.warnings

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Return the spectrograms; an empty grey panel where there is no sound.

        Raises:
            DataError: A sound cannot be read.
        """
        return [
            Image.new("RGB", (width, height), EMPTY)
            if row[self._name] is None
            else self._bridge.pictures([row], width, height)[0]
            for row in rows
        ]


class TextPanel:
    """Shows a text as lines from the top, black on white, cut where the panel ends."""

    def __init__(self, name: str, face: Typeface, margin: int) -> None:
        self._name, self._face, self._margin = name, face, margin
        self._rows = self._cut = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Texts that were cut."""
        if not self._cut:
            return ()
        return (f"montage: {self._cut} of {self._rows} texts of {self._name} were cut to fit their panel",)

    def pictures(self, rows: Sequence[Row], width: int, height: int) -> list[Image.Image]:
        """Return the pages."""
        return [self._page(texts_of(row, (self._name,))[0], width, height) for row in rows]

    def _page(self, text: str, width: int, height: int) -> Image.Image:
        page, line_height = np.full((height, width), WHITE, np.uint8), self._face.height
        lines = self._face.wrap(text, width - 2 * self._margin)
        self._rows += 1
        for top in range(0, height - line_height + 1, line_height):
            drawn = self._face.draw(next(lines, ""), width - 2 * self._margin, wrapped=True)
            page[top : top + line_height, self._margin : self._margin + drawn.shape[1]] = drawn
        self._cut += next(lines, None) is not None
        return Image.fromarray(page).convert("RGB")
