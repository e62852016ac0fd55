"""One-line typesetting: words drawn once, kept, and set next to each other."""

from __future__ import annotations

import hashlib
import io
import math
import string
from bisect import bisect_right
from collections import Counter
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

from modaxfer.bridges.fonts import install_advice, script_of
from modaxfer.bridges.repertoire import Repertoire
from modaxfer.bridges.stand_ins import StandIn, stand_ins_for
from modaxfer.errors import ConfigError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Typeface"]

SCALE = 4
"""Words are drawn this many times larger and averaged down, so that a letter may start between two pixels."""

WHITE = 255

LONG = 20_000
"""Characters that a text's length is measured by."""

FEW = 0.01
"""Share of missing characters up to which they stay boxes, so that a task in one script is drawn alike everywhere."""


class Typeface:
    """A font at one size that draws texts as one line each, dark on white, without colour.

    What it lacks may be drawn by stand-ins, fonts of this machine; they are chosen by the training rows and kept by
    their digests.

    Args:
        path: A TrueType or OpenType file; None takes the font that Pillow bundles (Aileron Regular, no rights
            reserved: ASCII and little more), and lets it have stand-ins.
        height: Height of a line in pixels.
        size: Font size in pixels per em; None takes the largest at which all of ASCII fits `height`.
        squeeze: Width of a letter relative to its natural width.

    Raises:
        ConfigError: The file is no font, or the size does not fit the height.
    """

    def __init__(self, *, path: str | None, height: int, size: float | None, squeeze: float) -> None:
        data = _font_bytes(path)
        self.data = data
        """The font file."""
        engine = _engine(path)
        self.height = height
        """Height of a line in pixels."""
        self.squeeze, self._bundled = squeeze, path is None
        self.size = _checked_size(_load(data, 1000, engine, path), height, size)
        self._font = _load(data, self.size * SCALE, engine, path)
        self._baseline = _baseline(self._font, height * SCALE)
        self._space = np.full((height, max(1, round(self._font.getlength(" ")))), WHITE, np.uint8)
        self._word = lru_cache(maxsize=8192)(self._draw_word)
        self.name = " ".join(part for part in self._font.getname() if part)
        self.repertoire = Repertoire(self._font)
        self._adopt(())
        self._own_identity = (
            f"font={hashlib.sha256(data).hexdigest()[:16]},freetype={features.version('freetype2')},"
            f"layout={engine.name},height={height},size={self.size:g},squeeze={squeeze:g}"
        )

    @property
    def identity(self) -> str:
        """Everything that changes how texts are drawn, stand-ins included, as one string."""
        return ",".join([self._own_identity, *(f"{each.digest}:{each.size:g}" for each in self._stand_ins)])

    def fit(self, texts: Sequence[str], most_boxes: float) -> None:
        """Choose stand-ins for what `texts` have more of than a few, and refuse what would still be boxes.

        Args:
            texts: Of the training rows.
            most_boxes: Largest share of characters that may be drawn as boxes.

        Raises:
            RefusedError: More would be.
        """
        self._adopt(())
        missing = Counter(self.repertoire.census(texts))
        if self._bundled and missing.total() > FEW * self.repertoire.visible:
            self._adopt(stand_ins_for(missing, self.height, self.size, SCALE))
            missing = Counter(self.repertoire.census(texts))
        share = missing.total() / max(1, self.repertoire.visible)
        self._adopt(self._stand_ins)
        if share > most_boxes:
            _refuse(missing, share, most_boxes)

    def state(self) -> list[dict[str, Any]]:
        """Return the stand-ins, as plain JSON types."""
        return [asdict(each) for each in self._stand_ins]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Take over the stand-ins of another.

        Raises:
            ConfigError: One of them is not on this machine.
        """
        self._adopt([StandIn(**each) for each in state])

    def _adopt(self, stand_ins: Sequence[StandIn]) -> None:
        self._stand_ins = tuple(stand_ins)
        self._faces = [(self._font, self._baseline), *((each.load(SCALE), each.baseline) for each in stand_ins)]
        self.repertoire.adopt([font for font, _ in self._faces[1:]])
        self._word.cache_clear()

    def draw(self, text: str, limit: int, *, wrapped: bool = False) -> np.ndarray:
        """Draw `text` as one line that ends with its last ink; runs of white space become one space.

        Args:
            text: Any string.
            limit: Widest line in pixels; what would stand behind it is not drawn.
            wrapped: Whether it is a line that `wrap` returned, whose characters have been counted.

        Returns:
            uint8 ``[height, width]``, 255 = white; width 0 for a text without visible characters.
        """
        ratio = SCALE / self.squeeze
        fine_limit = math.ceil(limit * ratio)
        pieces = list(self._pieces((text if wrapped else self.repertoire.drawable(text)).split(), fine_limit))
        if not pieces:
            return np.empty((self.height, 0), np.uint8)
        width = min(limit, math.ceil(sum(piece.shape[1] for piece in pieces) / ratio))
        # A pixel averages the same `ratio` columns however long the line is: cutting a text moves no letter.
        fine = np.full((self.height, math.ceil(width * ratio)), WHITE, np.uint8)
        joined = np.concatenate(pieces, axis=1)[:, : fine.shape[1]]
        fine[:, : joined.shape[1]] = joined
        box = (0, 0, width * ratio, self.height)
        line = np.asarray(Image.fromarray(fine).resize((width, self.height), Image.Resampling.BOX, box=box))
        inked = np.flatnonzero((line != WHITE).any(0))
        return line[:, : inked[-1] + 1 if len(inked) else 0]

    def length(self, text: str) -> float:
        """Return how wide the line of a text is that was drawn before, in pixels; of a long text, about how wide."""
        if len(text) > LONG:
            return self.length(text[:LONG]) * len(text) / LONG
        words = self.repertoire.known(text).split()
        letters = sum(
            self._faces[place][0].getlength("".join(run))
            for word in words
            for place, run in groupby(word, self.repertoire.place_of)
        )
        return (letters + self._space.shape[1] * max(0, len(words) - 1)) * self.squeeze / SCALE

    def wrap(self, text: str, width: int) -> Iterator[str]:
        """Break `text` into lines at most `width` pixels wide; a word that is wider than a line is broken too.

        What the font lacks is replaced (and counted) here, so that drawing the lines counts nothing twice.
        """
        line: list[str] = []
        used = 0.0
        for word in self._breakable(self.repertoire.drawable(text).split(), width):
            needed = self._advance(word)
            if line and used + self._space_advance + needed > width:
                yield " ".join(line)
                line, used = [], 0.0
            used += needed + (self._space_advance if line else 0)
            line.append(word)
        if line:
            yield " ".join(line)

    def cell(self, text: str, side: int) -> np.ndarray:
        """Draw a few characters, spaces included, in the middle of a cell; they are narrowed where they do not fit.

        Args:
            text: Characters that `Repertoire.drawable` returned.
            side: Width of the cell in pixels.

        Returns:
            uint8 ``[height, side]``, 255 = white.
        """
        fine = Image.fromarray(self._word(text))
        width = min(side, max(1, round(fine.width * self.squeeze / SCALE)))
        cell = np.full((self.height, side), WHITE, np.uint8)
        left = (side - width) // 2
        cell[:, left : left + width] = np.asarray(fine.resize((width, self.height), Image.Resampling.BOX))
        return cell

    @property
    def _space_advance(self) -> float:
        return self._space.shape[1] * self.squeeze / SCALE

    def _advance(self, word: str) -> float:
        return float(self._word(word).shape[1] * self.squeeze / SCALE)

    def _breakable(self, words: Sequence[str], width: int) -> Iterator[str]:
        for word in words:
            rest = word
            while rest:
                # A letter is at least one fine pixel wide, so no more than these can stand in a line.
                head = rest[: math.ceil(width * SCALE / self.squeeze)]
                if self._advance(head) > width:
                    fitting = bisect_right(
                        range(1, len(head)), width, key=lambda end: math.ceil(self._advance(head[:end]))
                    )
                    head = head[: max(1, fitting)]
                yield head
                rest = rest[len(head) :]

    def _pieces(self, words: Sequence[str], fine_limit: int) -> Iterator[np.ndarray]:
        used = 0
        for word in words:
            if used >= fine_limit:
                return
            if used:
                yield self._space
                used += self._space.shape[1]
            # A letter is at least one fine pixel wide, so what is cut off here could not be seen.
            piece = self._word(word[:fine_limit])
            yield piece
            used += piece.shape[1]

    def _draw_word(self, word: str) -> np.ndarray:
        """Return the word, `SCALE` times as wide as it will stand, at its final height."""
        runs = [("".join(run), place) for place, run in groupby(word, self.repertoire.place_of)]
        pieces = [self._draw_run(run, *self._faces[place]) for run, place in runs or [("", 0)]]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)

    def _draw_run(self, run: str, font: ImageFont.FreeTypeFont, baseline: int) -> np.ndarray:
        left, _, right, _ = font.getbbox(run, anchor="ls")
        start = max(0, -int(left))
        width = max(1, round(font.getlength(run)), int(right)) + start
        canvas = Image.new("L", (width, self.height * SCALE), WHITE)
        ImageDraw.Draw(canvas).text((start, baseline), run, font=font, fill=0, anchor="ls")
        return np.asarray(canvas.reduce((1, SCALE)))


def _font_bytes(path: str | None) -> bytes:
    if path is not None:
        try:
            return Path(path).expanduser().read_bytes()
        except OSError as error:
            raise ConfigError(f"cannot read the font file {path}", got=error.strerror, fix="check the path") from None
    bundled = ImageFont.load_default(16)
    if not isinstance(bundled, ImageFont.FreeTypeFont) or not isinstance(bundled.path, io.BytesIO):
        raise ConfigError("this Pillow has no FreeType and so no bundled font", fix="install a Pillow wheel from PyPI")
    return bundled.path.getvalue()


def _engine(path: str | None) -> ImageFont.Layout:
    """Return basic layout, the same on every machine; for a font of the user's Raqm, which shapes any script."""
    return ImageFont.Layout.RAQM if path is not None and features.check("raqm") else ImageFont.Layout.BASIC


def _load(data: bytes, size: float, engine: ImageFont.Layout, path: str | None) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(io.BytesIO(data), size, layout_engine=engine)
    except OSError as error:
        raise ConfigError(f"{path} is not a font file", got=str(error), allowed="TrueType or OpenType") from None


def _refuse(missing: Counter[str], share: float, most: float) -> None:
    scripts: Counter[str] = Counter()
    for character, times in missing.items():
        scripts[script_of(character)] += times
    shown = ", ".join(f"{name} {times:,}" for name, times in scripts.most_common(3))
    raise RefusedError(
        f"no font on this machine draws {share:.0%} of the characters in the training rows",
        got=f"{missing.total():,} characters without a glyph ({shown})",
        allowed=f"at most {most:.0%} boxes (bridge.boxes)",
        fix=f"install fonts (`{install_advice(missing)}`), name one with --set bridge.font=FILE, or choose bert",
    )


def _ink(font: ImageFont.FreeTypeFont) -> tuple[float, float]:
    """Return how far ASCII reaches above (negative) and below the baseline, in pixels."""
    _, top, _, bottom = font.getbbox(string.printable.strip(), anchor="ls")
    return top, bottom


def _checked_size(font: ImageFont.FreeTypeFont, height: int, size: float | None) -> float:
    """Return `size`, or the largest that fits `height`, a tenth of a pixel fine; `font` is 1000 pixels per em."""
    top, bottom = _ink(font)
    largest = int(height * 1000 / (bottom - top) * 10) / 10
    if size is None:
        return largest
    if size > largest:
        raise ConfigError(
            "the font is too large for the encoder's patches",
            got=f"font_size {size:g} for patches of {height} px",
            allowed=f"at most {largest:g}",
            fix="lower bridge.font_size or leave it out",
        )
    return size


def _baseline(font: ImageFont.FreeTypeFont, height: int) -> int:
    """Return the row of the baseline that centres the ink of ASCII."""
    top, bottom = _ink(font)
    return round((height - (bottom - top)) / 2 - top)
