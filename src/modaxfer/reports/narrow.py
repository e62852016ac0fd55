"""Lines of a summary within the width of a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["aligned", "broken", "wrapped"]

INDENT = "  "
"""Before what goes on from the line above."""


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line per row; columns are padded to their widest cell, counted in terminal cells; nothing is cut."""
    from rich.cells import cell_len

    if not rows:
        return []
    widths = [max(cell_len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def broken(rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return `aligned` rows; of one that is longer than `width`, cells that do not fit go on below; None = no bound."""
    lines = aligned(rows)
    if width is None or _widest(lines) <= width:
        return lines
    return [line for row in rows for line in _filled([cell.strip() for cell in row if cell.strip()], width)]


def wrapped(line: str, width: int | None) -> list[str]:
    """Return `line` as lines of at most `width` letters, broken between words; None = as it is."""
    if width is None or len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)


def _filled(cells: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for cell in cells:
        if lines and _widest([f"{lines[-1]}  {cell}"]) <= width:
            lines[-1] += f"  {cell}"
        else:
            lines.append((INDENT if lines else "") + cell)
    return [part for line in lines for part in wrapped(line, width)]


def _widest(lines: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, lines), default=0)
