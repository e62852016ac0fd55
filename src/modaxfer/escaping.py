r"""Text from data, files and folders on its way out: to a terminal, an HTML page, Markdown or a cell of a csv file.

Class names, column names, file names and the rows themselves are written by others. Shown as they are, they could move
a terminal's cursor, turn the reading direction of a whole line around, close a tag or start a formula. Everything that
leaves the program goes through one of these functions; what a reader cannot see is written as its escape: ``\x1b``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from itertools import chain
from typing import Any

__all__ = ["csv_cell", "html_text", "json_text", "lines", "markdown", "one_line"]

_JOINERS = "\u200c\u200d"
"""They shape Persian and Hindi letters and join emoji; between others nobody sees them."""

_SIGNS = frozenset(map(chr, chain(range(0x600, 0x606), (0x6DD, 0x8E2, 0x110BD, 0x110CD))))
"""Format characters that have a glyph of their own: Arabic signs that enclose a number."""

_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories without a glyph: controls, formats (reading directions among them), halves of pairs, separators."""

_FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
"""What a spreadsheet takes for the start of a formula, or skips before one."""

_NUMBER = re.compile(
    r"[+-]?[$€£¥]?(\d[\d.,'\u00a0\u202f ]*|\.\d+)(e[+-]?\d+)?\s?%?|[+-](inf|infinity|nan)", re.IGNORECASE
)

_CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0)))) - set("\t\n\r")

_MARKS = re.compile(r"([\\`*_\[\]|#~])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ADDRESS = re.compile(r"\b(https?|ftp|mailto|www)([:.])", re.IGNORECASE)
"""Where readers of Markdown make a link unasked."""

_LIST = re.compile(r"^([-+=])(?=\s|\1)|^(\d+)([.)])(?=\s)")
"""What starts a list, a rule or an underlined heading at the head of a line."""


def one_line(value: object) -> str:
    r"""Return `value` as text on one line: whatever has no glyph, line breaks included, is an escape such as ``\n``."""
    return _escaped(str(value), kept="")


def lines(value: object) -> str:
    """Return text of several lines, which the program itself composed: as `one_line`, line breaks and tabs kept."""
    return _escaped(str(value), kept="\n\t")


def html_text(value: object) -> object:
    """Return `value` as text for an HTML template that escapes markup itself; markup of the template's own stays."""
    return value if hasattr(value, "__html__") else lines(value)


def markdown(value: object) -> str:
    """Return `value` as Markdown text on one line: no markup, link, HTML, list or table cell can come out of it."""
    if hasattr(value, "__html__"):
        return str(value)
    # A line break is a space, which is how Markdown reads it.
    text = one_line(" ".join(str(value).split()))
    text = _MARKS.sub(r"\\\1", "".join(_ENTITIES.get(letter, letter) for letter in text))
    return _LIST.sub(_escaped_list, _ADDRESS.sub(r"\1\\\2", text))


def csv_cell(value: object) -> object:
    """Return `value` for a cell of a csv file that somebody may open in a spreadsheet, or print on a terminal.

    Text that a spreadsheet would run as a formula gets an apostrophe in front, which makes it text there. Numbers, as
    numbers and as text (``-1.5``, ``+3 %``), and signs alone (``+``) stay as they are. Control characters but line
    breaks and tabs become escapes.
    """
    if not isinstance(value, str):
        return value
    text = "".join(_escape(letter) if letter in _CONTROLS else letter for letter in value)
    harmless = not _FORMULA.match(text) or _NUMBER.fullmatch(text) or not any(letter.isalnum() for letter in text)
    return text if harmless else f"'{text}"


def json_text(value: Any, indent: int | None = None) -> str:
    r"""Return `value` as JSON that reads as text on a terminal: letters as they are, hidden characters as ``\u001b``.

    Nothing is lost: a reader of JSON gets every character back.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.isprintable():
        return text
    # The only line breaks in it are those of the indent: in strings they are escapes already.
    return "".join(
        json.dumps(letter)[1:-1] if letter != "\n" and _hidden(letter, "", "") else letter for letter in text
    )


def _escaped(text: str, kept: str) -> str:
    if text.isprintable():
        return text
    around = f" {text} "
    return "".join(
        letter if letter in kept or not _hidden(letter, before, after) else _escape(letter)
        for before, letter, after in zip(around, text, around[2:], strict=False)
    )


def _hidden(letter: str, before: str, after: str) -> bool:
    if letter in _JOINERS:
        return before.isascii() or after.isascii()
    if letter.isprintable():
        return False
    return unicodedata.category(letter) in _HIDDEN and letter not in _SIGNS


def _escape(letter: str) -> str:
    # A byte of a file name that is not UTF-8 reaches us as a lone surrogate.
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def _escaped_list(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}"
