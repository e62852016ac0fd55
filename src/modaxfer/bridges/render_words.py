"""Words drawn as a strip of patches, each from a patch of its own on, so that an image encoder can tag them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.bridges.render import RenderBridge, RenderOptions
from modaxfer.bridges.typeface import WHITE
from modaxfer.contracts import UNREAD, PatchStrip
from modaxfer.errors import RefusedError
from modaxfer.spec import TEXT, Field

if TYPE_CHECKING:
    from pathlib import Path

    from modaxfer.contracts import InputLayout, Row

__all__ = ["RenderWordsBridge"]


class RenderWordsBridge(RenderBridge):
    """Draws each word from a new patch on; the word's first patch stands for it (PIXEL, Rust et al. 2023, section 3.2).

    Words that the encoder has no patches left for are not drawn. What else can be said of drawing is said by
    `RenderBridge`.

    Args:
        options: How to draw.
        fields: The task's one field of words.
        layout: The encoder's patch size and number of positions, of which one belongs to its class token.
        root: Unused; words stand in the row itself.

    Raises:
        RefusedError: A field is of another kind, there is not exactly one, or the encoder has no square patches.
        ConfigError: The font or its size cannot be used.
    """

    def __init__(
        self, options: RenderOptions, fields: tuple[Field, ...], layout: InputLayout, root: Path | None
    ) -> None:
        if [field.signal.kind for field in fields] != ["words"]:
            raise RefusedError(
                "the words of one column are tagged",
                got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
                allowed="one field, of kind words",
                fix="name one column of words",
            )
        super().__init__(options, (Field(name=fields[0].name, signal=TEXT),), layout, root)
        self._words = self._unread = 0

    @property
    def warnings(self) -> tuple[str, ...]:
        """What drawing has lost so far, one line each; words that were not drawn among it."""
        if not self._unread:
            return super().warnings
        line = f"render: {self._unread:,} of {self._words:,} words were not drawn, and are tagged as outside of spans"
        return (*super().warnings, line)

    def _named(self) -> str:
        return f"words:{super()._named()}"

    def _texts(self, row: Row) -> tuple[str, ...]:
        return tuple(row[self._names[0]])

    def _strip(self, texts: tuple[str, ...]) -> PatchStrip:
        blank = np.full((1, self._side, self._side), WHITE, np.uint8)
        # A word without ink has a patch, too: that it stands there may say something.
        runs = [run if len(run) else blank for run in map(self._run, texts)]
        ends = np.cumsum([len(run) for run in runs])
        firsts = ends - [len(run) for run in runs]
        grey = np.concatenate(runs)[: self._most]
        self._count(int(ends[-1]), len(grey))
        words = np.where(firsts < self._most, firsts, UNREAD).astype(np.int32)
        self._words, self._unread = self._words + len(words), self._unread + int((words == UNREAD).sum())
        return PatchStrip(pixels=np.repeat(grey[..., None], 3, axis=-1), words=words)
