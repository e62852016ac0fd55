"""Which characters a font can draw, and what stands in for the others."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

__all__ = ["REPLACEMENT", "Repertoire"]

REPLACEMENT = "\ufffd"
"""Drawn for a character that the font lacks: fonts answer with their box for missing glyphs."""

CLOSEST_FORMS = {
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
    "\u2022": "\u00b7", "\u2023": "\u00b7", "\u25cf": "\u00b7", "\u25aa": "\u00b7", "\u00d7": "x",
    "\u201a": ",", "\u201e": '"', "\u2032": "'", "\u2033": '"', "\u02bc": "'", "\u00df": "ss",
    "\u00e6": "ae", "\u00c6": "AE", "\u0153": "oe", "\u0152": "OE", "\u00f8": "o", "\u00d8": "O",
    "\u0142": "l", "\u0141": "L", "\u0131": "i", "\u0111": "d", "\u00f0": "d", "\u00fe": "th",
}  # fmt: skip
"""Forms that Unicode does not decompose itself; used only where the font lacks the character."""


class Repertoire:
    """Replaces what `font` cannot draw, and counts it."""

    def __init__(self, font: ImageFont.FreeTypeFont) -> None:
        self._font = font
        self._box = _glyph(font, REPLACEMENT)
        # A font may draw nothing for a missing glyph; what is lost must be seen.
        self._replacement = REPLACEMENT if any(self._box[1]) else "?"
        self._drawn: set[str] = set()
        self._substitutes: dict[str, str] = {}
        self.missing: Counter[str] = Counter()
        """Characters replaced by a box, with how often."""
        self.approximated: Counter[str] = Counter()
        """Characters drawn in their closest form (é as e, a dash as a hyphen), with how often."""

    def drawable(self, text: str) -> str:
        """Return `text` with only characters that the font draws.

        Text is brought to Unicode form NFC; white space of any kind becomes a space; invisible format and control
        characters are left out; a letter with a mark that the font lacks loses the mark; what is left becomes a box.
        """
        text = unicodedata.normalize("NFC", text)
        replaced = set()
        for character in set(text) - self._drawn:
            substitute = self._substitutes.get(character) or self._learn(character)
            if substitute != character:
                replaced.add(character)
                self._count(character, substitute, text.count(character))
        return text.translate({ord(character): self._substitutes[character] for character in replaced})

    def losses(self, bridge: str, font: str) -> list[str]:
        """Return a line for people per kind of loss so far; `bridge` and `font` are names."""
        return [
            f"{bridge}: {count.total()} characters are not in the font {font} and were drawn {how} "
            f"({_shown(count)}); --set bridge.font=FILE takes another font"
            for count, how in ((self.missing, "as a box"), (self.approximated, "in their closest form"))
            if count
        ]

    def _learn(self, character: str) -> str:
        substitute = self._substitute(character)
        if substitute == character:
            self._drawn.add(character)
        else:
            self._substitutes[character] = substitute
        return substitute

    def _substitute(self, character: str) -> str:
        if character.isspace():
            return " "
        if unicodedata.category(character) in ("Cc", "Cf"):
            return ""
        if self._has(character):
            return character
        closest = CLOSEST_FORMS.get(character) or _without_marks(character)
        return closest if closest and all(self._has(part) for part in closest) else self._replacement

    def _count(self, character: str, substitute: str, times: int) -> None:
        if substitute == self._replacement:
            self.missing[character] += times
        elif substitute.strip():
            self.approximated[character] += times

    def _has(self, character: str) -> bool:
        return character == " " or _glyph(self._font, character) != self._box


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> tuple[float, bytes]:
    return font.getlength(character), bytes(font.getmask(character))


def _without_marks(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character)
    return "".join(part for part in decomposed if not unicodedata.combining(part))


def _shown(count: Counter[str]) -> str:
    often = sorted(count.items(), key=lambda item: (-item[1], item[0]))[:5]
    return ", ".join(f"{character} {times}x" for character, times in often)
