"""Texts drawn as strips of patches."""

from __future__ import annotations

import io
import math
import string
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Inputs"]

FINE = 4
"""Words are drawn this many times larger and averaged down."""

WHITE = 255

ABSENT, REPLACEMENT = "\U0001ffff", "\ufffd"
"""A character that no font has, and one that says so."""


class Inputs:
    """Draws each field as one line in the font beside this file, and cuts it to patches."""

    alone = True
    """Each row is computed by itself: no patch is padding."""

    def __init__(self, told: Mapping[str, Any], folder: Path) -> None:
        self.fields: list[str] = told["fields"]
        self.side, self.most, self.squeeze = int(told["side"]), int(told["most"]), float(told["squeeze"])
        self.closest: Mapping[str, str] = told["closest"]
        self.scaled, self.factor = bool(told["scaled"]), float(told["factor"])
        self.mean, self.deviation = (np.array(told[name], np.float32)[:, None, None] for name in ("mean", "deviation"))
        data, size = (folder / "font.ttf").read_bytes(), float(told["font_size"])
        self.font = ImageFont.truetype(io.BytesIO(data), size * FINE, layout_engine=ImageFont.Layout.BASIC)
        _, top, _, bottom = self.font.getbbox(string.printable.strip(), anchor="ls")
        self.baseline = round((self.side * FINE - (bottom - top)) / 2 - top)
        space = max(1, round(self.font.getlength(" ")))
        self.space = np.full((self.side, space), WHITE, np.uint8)
        self.box = self._glyph(ABSENT)
        self.replacement = REPLACEMENT if any(self._glyph(REPLACEMENT)[1]) else "?"

    def __call__(self, rows: Sequence[Any]) -> list[dict[str, np.ndarray]]:
        """Return ``patches`` ``[patches, 3, side, side]`` scaled, or uint8 ``[patches, side, side, 3]``."""
        return [{"patches": self._patches(row)} for row in rows]

    def batch(self, examples: Sequence[Mapping[str, np.ndarray]]) -> dict[str, torch.Tensor]:
        """Stack rows of as many patches, with ``attention_mask`` of ones."""
        patches = torch.from_numpy(np.stack([one["patches"] for one in examples]))
        return {"patches": patches, "attention_mask": torch.ones(patches.shape[:2], dtype=torch.int64)}

    def _patches(self, row: Any) -> np.ndarray:
        values = [row] if isinstance(row, str) else [row[name] for name in self.fields]
        runs = [self._run("" if value is None else str(value).strip()) for value in values]
        left, kept = self.most - (len(runs) - 1), [len(run) for run in runs]
        shortest_first = sorted(range(len(runs)), key=lambda place: len(runs[place]))
        for done, place in enumerate(shortest_first):
            kept[place] = min(kept[place], left // (len(runs) - done))
            left -= kept[place]
        between = np.zeros((1, self.side, self.side), np.uint8)
        cut = [run[:count] for run, count in zip(runs, kept, strict=True)]
        grey = np.concatenate([cut[0], *(part for run in cut[1:] for part in (between, run))])
        if not len(grey):
            grey = np.full((1, self.side, self.side), WHITE, np.uint8)
        if not self.scaled:
            return np.repeat(grey[..., None], 3, axis=-1)
        return (np.repeat(grey[:, None], 3, axis=1).astype(np.float32) * self.factor - self.mean) / self.deviation

    def _run(self, text: str) -> np.ndarray:
        """Draw `text` as patches ``[patches, side, side]``, at most one more than the encoder holds."""
        line = self._line("".join(map(self._drawable, unicodedata.normalize("NFC", text))))
        count = math.ceil(line.shape[1] / self.side)
        padded = np.full((self.side, count * self.side), WHITE, np.uint8)
        padded[:, : line.shape[1]] = line
        return padded.reshape(self.side, count, self.side).swapaxes(0, 1)

    def _line(self, text: str) -> np.ndarray:
        """Draw `text` as one line ``[side, width]`` that ends with its last ink."""
        limit, ratio = self.most * self.side + 1, FINE / self.squeeze
        pieces = list(self._pieces(text.split(), math.ceil(limit * ratio)))
        if not pieces:
            return np.empty((self.side, 0), np.uint8)
        width = min(limit, math.ceil(sum(piece.shape[1] for piece in pieces) / ratio))
        fine = np.full((self.side, math.ceil(width * ratio)), WHITE, np.uint8)
        joined = np.concatenate(pieces, axis=1)[:, : fine.shape[1]]
        fine[:, : joined.shape[1]] = joined
        box = (0, 0, width * ratio, self.side)
        line = np.asarray(Image.fromarray(fine).resize((width, self.side), Image.Resampling.BOX, box=box))
        inked = np.flatnonzero((line != WHITE).any(0))
        return line[:, : inked[-1] + 1 if len(inked) else 0]

    def _pieces(self, words: Sequence[str], limit: int) -> Iterator[np.ndarray]:
        used = 0
        for word in words:
            if used >= limit:
                return
            if used:
                yield self.space
                used += self.space.shape[1]
            piece = self._word(word[:limit])
            yield piece
            used += piece.shape[1]

    def _word(self, word: str) -> np.ndarray:
        left, _, right, _ = self.font.getbbox(word, anchor="ls")
        start = max(0, -int(left))
        width = max(1, round(self.font.getlength(word)), int(right)) + start
        canvas = Image.new("L", (width, self.side * FINE), WHITE)
        ImageDraw.Draw(canvas).text((start, self.baseline), word, font=self.font, fill=0, anchor="ls")
        return np.asarray(canvas.reduce((1, FINE)))

    def _drawable(self, character: str) -> str:
        """Return what is drawn for a character: itself, its closest form, or a box."""
        if character.isspace():
            return " "
        if unicodedata.category(character) in ("Cc", "Cf"):
            return ""
        if self._has(character):
            return character
        plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
        closest = self.closest.get(character) or plain
        return closest if closest and all(map(self._has, closest)) else self.replacement

    def _has(self, character: str) -> bool:
        return character == " " or self._glyph(character) != self.box

    def _glyph(self, character: str) -> tuple[float, bytes]:
        return self.font.getlength(character), bytes(self.font.getmask(character))
