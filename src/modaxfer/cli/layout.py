"""Cells side by side in a number of letters: which columns stay, how wide each is, where a cell goes on."""

from __future__ import annotations

from collections.abc import Sequence

from modaxfer.fitted_lines import is_command, letters, wrapped

__all__ = ["fitting", "indented", "lay_out", "widths_within"]

READABLE = 22
"""Letters to a line of a cell that wraps, at least, while there is a column that can go."""

LEAST = 8
"""Letters to a line of a cell, however narrow the terminal is."""

GAP = 2
"""Spaces between two columns."""


def fitting(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, spare: Sequence[str]) -> list[int]:
    """Return the places of the columns that are readable side by side in `width` letters.

    Args:
        columns: Their heads; the first never wraps.
        rows: A cell per column each.
        width: Of the terminal.
        spare: Columns that may go, the least needed first; where that is not enough, all others stay.
    """
    widest = _natural(columns, rows)
    needed = [widest[0], *(min(each, READABLE) for each in widest[1:])]
    kept = list(range(len(columns)))
    for name in spare:
        if sum(needed[place] for place in kept) + GAP * (len(kept) - 1) <= width:
            break
        kept = [place for place in kept if columns[place] != name]
    return kept


def widths_within(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Return how many letters each column gets: what it needs, the widest less until all fit; None = no bound.

    Words are broken last, and the first column, which names the row, gives way after the others.
    """
    widths = _natural(columns, rows)
    if width is None:
        return widths
    words = [max(map(_longest_word, column)) for column in zip(columns, *rows, strict=True)]
    shortest = [LEAST] * len(widths)
    others, every = range(1, len(widths)), range(len(widths))
    for floors, places in ((words, others), (words, every), (shortest, others), (shortest, every)):
        while sum(widths) + GAP * (len(widths) - 1) > width:
            wide = [place for place in places if widths[place] > floors[place]]
            if not wide:
                break
            widths[max(wide, key=lambda place: widths[place])] -= 1
    return widths


def lay_out(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Return the lines of one row, whose cells wrap within `widths`."""
    cut = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        (" " * GAP)
        .join(
            _padded(lines[number] if number < len(lines) else "", width)
            for lines, width in zip(cut, widths, strict=True)
        )
        .rstrip()
        for number in range(max(map(len, cut)))
    ]


def indented(head: str, text: str, width: int | None) -> list[str]:
    """Return ``head text`` as lines of at most `width` letters, which go on below the text; None = one line.

    Words, and so paths and versions, are never broken, nor are commands: they are to be pasted.
    """
    room = None if width is None else max(width - letters(head), 2 * LEAST)
    lines = [text] if room is None or is_command(text) else wrapped(text, room, whole=True)
    return [(head if number == 0 else " " * letters(head)) + line for number, line in enumerate(lines)]


def _natural(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(letters, column)) for column in zip(columns, *rows, strict=True)]


def _longest_word(text: str) -> int:
    return max(map(letters, text.split()), default=0)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - letters(text))
