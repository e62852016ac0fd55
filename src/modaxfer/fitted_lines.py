"""Lines of a terminal: text that is longer goes on below itself, at words; what is copied and pasted stays whole."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TextIO

__all__ = ["fit", "is_command", "letters", "wrapped"]

LEAST = 16
"""Letters to a line beside its indent, however narrow the terminal is."""

_HEAD = re.compile(r"\s*(?:[A-Za-z-]{1,12}\s{2,})?")
"""What stands before the text of a line: spaces, or a label and the room up to its text."""

_COMMAND = re.compile(r"\s*(fix: )?(modaxfer|pip|torchrun|sbatch)\s")
"""Lines to paste."""

_QUOTED = re.compile(r"`[^`]+`")
"""What is to be pasted out of a sentence."""

_GLUE = "\x1f"
"""Stands for a space at which no line ends."""


def fit(text: str, stream: TextIO) -> str:
    """Return `text`, whose lines are no longer than `stream` is wide where that is a terminal.

    Elsewhere each line stays one line, for who searches a log. Words, and so paths without spaces, are never broken,
    nor are commands, alone or in backticks.
    """
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(part for line in text.split("\n") for part in _fitted(line, width))


def _fitted(line: str, width: int) -> list[str]:
    if letters(line) <= width or is_command(line):
        return [line]
    found = _HEAD.match(line)
    head = "" if found is None else found[0]
    below = " " * (letters(head) if head.strip() else letters(head) + 2)
    glued = _QUOTED.sub(lambda found: found[0].replace(" ", _GLUE), line[len(head) :])
    parts = wrapped(glued, max(width - len(below), LEAST), whole=True)
    return [(head if number == 0 else below) + part.replace(_GLUE, " ") for number, part in enumerate(parts)]


def is_command(text: str) -> bool:
    """Tell whether `text` is a line to paste into a shell."""
    return _COMMAND.match(text) is not None


def wrapped(text: str, width: int, *, whole: bool = False) -> list[str]:
    """Return `text` as lines of `width` letters.

    Args:
        text: One line.
        width: In cells of a terminal.
        whole: Whether a word that is longer stays as it is.
    """
    if text.isascii():
        return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=not whole) or [""]
    if letters(text) <= width:
        return [text]
    # Letters may be two cells wide, or none.
    from rich.console import Console
    from rich.text import Text

    made = Text(text).wrap(Console(width=width), width)
    return [line.plain.rstrip() for line in made] or [""]


def letters(text: str) -> int:
    """Count cells of a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
