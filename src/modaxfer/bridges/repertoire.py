"""Which characters a font can draw, which ones others draw for it, and what stands in for the rest."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from modaxfer.bridges.fonts import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import ImageFont

__all__ = ["CLOSEST_FORMS", "REPLACEMENT", "Repertoire"]

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
    """Replaces what `font` and its stand-ins cannot draw, and counts it."""

    def __init__(self, font: ImageFont.FreeTypeFont) -> None:
        self._font = font
        self._stand_ins: tuple[ImageFont.FreeTypeFont, ...] = ()
        self._box = _glyph(font, ABSENT)
        # A font may draw nothing for a missing glyph; what is lost must be seen.
        self._replacement = REPLACEMENT if any(_glyph(font, REPLACEMENT)[1]) else "?"
        self._forget()

    def _forget(self) -> None:
        self._drawn: set[str] = set()
        self._places: dict[str, int] = {}
        self._substitutes: dict[str, str] = {}
        self.visible = 0
        """Characters that should be seen."""
        self.missing: Counter[str] = Counter()
        """Characters replaced by a box, with how often."""
        self.approximated: Counter[str] = Counter()
        """Characters drawn in their closest form (é as e, a dash as a hyphen), with how often."""
        self.elsewhere: Counter[str] = Counter()
        """Characters that a stand-in draws, with how often."""

    def adopt(self, stand_ins: Sequence[ImageFont.FreeTypeFont]) -> None:
        """Have what would be a box drawn by the first of `stand_ins` that has it; counts begin again."""
        self._stand_ins = tuple(stand_ins)
        self._forget()

    def place_of(self, character: str) -> int:
        """Return which font draws a character that `drawable` returned: 0 = the font itself, 1 = its first stand-in."""
        return self._places.get(character, 0)

    def census(self, texts: Iterable[str]) -> Counter[str]:
        """Return the characters of `texts` that are drawn as boxes, with how often; `visible` counts all of `texts`."""
        self._forget()
        for text in texts:
            self.drawable(text)
        return self.missing

    def drawable(self, text: str) -> str:
        """Return `text` with only characters that can be drawn, and count the others.

        Text is brought to Unicode form NFC; white space of any kind becomes a space; invisible format and control
        characters are left out; a letter with a mark that the font lacks loses the mark; what is left becomes a box.
        """
        text = unicodedata.normalize("NFC", text)
        self.visible += sum(map(len, text.split()))
        for character in set(text) - self._drawn:
            substitute = self._substitutes.get(character) or self._learn(character)
            if substitute != character:
                self._count(character, substitute, text.count(character))
            elif character in self._places:
                self.elsewhere[character] += text.count(character)
        return self.known(text)

    def known(self, text: str) -> str:
        """Return what `drawable` returned for `text` before, without counting it again."""
        text = unicodedata.normalize("NFC", text)
        return text.translate({ord(each): self._substitutes[each] for each in set(text) & self._substitutes.keys()})

    def losses(self, bridge: str, font: str) -> list[str]:
        """Return a line for people per kind of loss so far; `bridge` and `font` are names."""
        names = " or ".join(" ".join(filter(None, stand_in.getname())) for stand_in in self._stand_ins)
        counts = (
            (self.elsewhere, f"in {names}, as this machine has it"),
            (self.missing, "as a box"),
            (self.approximated, "in their closest form"),
        )
        return [
            f"{bridge}: {count.total()} characters are not in the font {font} and were drawn {how} "
            f"({_shown(count)}); --set bridge.font=FILE takes another font"
            for count, how in counts
            if count
        ]

    def _learn(self, character: str) -> str:
        substitute = self._substitute(character)
        if substitute == self._replacement != character and (place := self._stand_in(character)):
            self._places[character], substitute = place, character
        elif substitute == character:
            self._drawn.add(character)
            return character
        self._substitutes[character] = substitute
        return substitute

    def _stand_in(self, character: str) -> int:
        having = (at for at, font in enumerate(self._stand_ins, 1) if _glyph(font, character) != _glyph(font, ABSENT))
        return next(having, 0)

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
