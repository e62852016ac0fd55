"""The mark between several labels in one cell of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.spec import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["separator_between", "separator_of_labels"]

_SEPARATORS = (";", "|", ",")
_RARE = "/"
"""Parts labels only where several per row are asked for, and nothing else does."""


def separator_of_labels(cells: Iterable[object]) -> str:
    """Return the mark that separates labels in text `cells`, the first of ``; | , /`` that occurs."""
    text = [cell for cell in cells if isinstance(cell, str)]
    return next((mark for mark in (*_SEPARATORS, _RARE) if any(mark in cell for cell in text)), Target().separator)


def separator_between(names: Mapping[str, int]) -> str:
    """Return the mark between several labels in one cell; empty where each cell is one label.

    The parts must be fewer than the cells they make up, or each be a label by itself too: "Paris, France" is neither.
    """
    for mark in _SEPARATORS:
        joined = [name for name in names if mark in name]
        parts: Sequence[str] = [part.strip() for name in names for part in name.split(mark) if part.strip()]
        alone = set(names) - set(joined)
        made = {part.strip() for name in joined for part in name.split(mark) if part.strip()}
        if joined and made and (made <= alone or (len(joined) > 1 and len(set(parts)) < len(names))):
            return mark
    return ""
