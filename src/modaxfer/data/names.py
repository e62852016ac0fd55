"""Names as people compare them: columns, classes, categories and folders that look alike are one name."""

from __future__ import annotations

import unicodedata

__all__ = ["normal_form", "tidy"]

_JOINERS = "\u200c\u200d"
"""Change how the letters beside them are written in Persian, Hindi and emoji; between others they are invisible."""


def normal_form(name: str) -> str:
    """Return `name` in Unicode's composed form (NFC), in which an e with a combining acute accent is é.

    macOS writes file names in the decomposed form, most others do not; without this they would be two names.
    """
    return unicodedata.normalize("NFC", name)


def tidy(name: str) -> str:
    """Return `name` in its normal form, without what no reader can see.

    Any run of spaces and line breaks becomes one plain space, space around the name goes, and so do invisible and
    control characters. A lone surrogate, which no file can hold, becomes U+FFFD.
    """
    if name.isascii() and name.isprintable():
        # Most names; letter by letter, a column of texts would take seconds.
        return " ".join(name.split())
    seen = (_seen(letter, name[max(0, at - 1) : at], name[at + 1 : at + 2]) for at, letter in enumerate(name))
    return normal_form(" ".join("".join(seen).split()))


def _seen(letter: str, before: str, after: str) -> str:
    if letter.isspace():
        return " "
    if letter in _JOINERS:
        return letter if all(beside and not beside.isascii() for beside in (before, after)) else ""
    match unicodedata.category(letter):
        case "Cf" | "Cc":
            return ""
        case "Cs":
            return "\ufffd"
        case _:
            return letter
