"""Cells that hold a list whose items stay apart and in order: the words of a text, the tags of its words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from modaxfer.data.cells.labels import items_of, looks_listed

__all__ = ["MISSING_ITEM", "holds_lists", "sequence_of", "sequences_of"]

MISSING_ITEM = ""
"""Item of a list where there is none: null, or nothing but white space."""


def sequence_of(value: Any) -> tuple[str, ...] | None:
    """Return the items of a cell as text; None for an empty cell, an empty tuple for an empty list.

    A cell is a list, the text of one (JSON, Python, numpy), or plain text, whose items white space parts.

    >>> sequence_of('["New", "York"]')
    ('New', 'York')
    >>> sequence_of("B-LOC I-LOC")
    ('B-LOC', 'I-LOC')
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str):
        value = items_of(value) if looks_listed(value) else value.split()
    return tuple(_item(item) for item in value)


def sequences_of(column: pa.ChunkedArray) -> list[tuple[str, ...] | None]:
    """Return the items of every cell of `column`; see `sequence_of`."""
    return [sequence_of(value) for value in column.to_pylist()]


def holds_lists(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` holds lists of plain values, or the text of lists in every cell that is not empty."""
    kind = column.type
    if pa.types.is_nested(kind):
        return hasattr(kind, "value_type") and not pa.types.is_nested(kind.value_type)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    texts: Sequence[str] = [text for text in column.unique().to_pylist() if text is not None and text.strip()]
    return bool(texts) and all(map(looks_listed, texts))


def _item(item: Any) -> str:
    if item is None:
        return MISSING_ITEM
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    return str(item).strip()
