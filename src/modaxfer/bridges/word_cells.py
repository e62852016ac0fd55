"""Words as runs of patches: two characters to a patch, each in its half, and every word from a new patch on."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.bridges.typeface import WHITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from modaxfer.bridges.typeface import Typeface

__all__ = ["WordCells", "words_in"]

WORD = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]+")
"""Letters and digits, apostrophes inside them included; or a run of punctuation. So a full stop changes no word."""

BLACK = 0


def words_in(text: str) -> list[str]:
    """Split a text into what is drawn from a patch of its own on: words, and runs of punctuation between them."""
    return WORD.findall(text)


class WordCells:
    """Draws words with `face`; a word is always the same run of patches, wherever it stands.

    A character has half a patch, like type of one width, less one column of pixels at its left. That column is black
    where a word begins: without it, two words of an even number of letters would look like one.

    There are some 2 x 96² different patches of English, so that drawing is looking up.
    """

    def __init__(self, face: Typeface, side: int) -> None:
        self._face, self._side = face, side
        self.patch: Callable[[str, bool], np.ndarray] = lru_cache(maxsize=32768)(self._draw)
        """Patch of one or two characters, and whether a word begins there: uint8 ``[side, side]``."""

    def clear(self) -> None:
        """Forget what was drawn: the face has other fonts now."""
        self.patch = lru_cache(maxsize=32768)(self._draw)

    def run(self, text: str, most: int) -> np.ndarray:
        """Draw the words of `text` as patches ``[patches, side, side]``, at most one more than `most`."""
        cells: list[np.ndarray] = []
        for word in words_in(text):
            cells.extend(self.patch(word[start : start + 2], start == 0) for start in range(0, len(word), 2))
            if len(cells) > most:
                break
        return np.stack(cells[: most + 1]) if cells else np.empty((0, self._side, self._side), np.uint8)

    def count(self, text: str) -> int:
        """Return how many patches `text` needs."""
        return sum((len(word) + 1) // 2 for word in words_in(text))

    def _draw(self, pair: str, begins: bool) -> np.ndarray:
        patch = np.full((self._face.height, self._side), WHITE, np.uint8)
        middle = self._side // 2
        for character, left, right in zip(pair, (1, middle + 1), (middle, self._side), strict=False):
            patch[:, left:right] = self._face.cell(character, right - left)
        if begins:
            patch[:, 0] = BLACK
        return patch
