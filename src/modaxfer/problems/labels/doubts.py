"""Whether a label column looks like something else than classes: dates, amounts, texts, or what numbers the rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.dates import are_compact, look_dated
from modaxfer.data.cells.labels import LabelReading, values_of
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.cells.readings import present_text
from modaxfer.data.origin import is_typed

if TYPE_CHECKING:
    from modaxfer.spec import Target

__all__ = ["class_doubt"]

FEWEST = 10
"""Classes up to which none is doubted."""

ROWS_PER_CLASS = 2
"""Rows of a class on average below which classes are nearly as many as rows."""

WORDS = 4
"""Words of a class on average from which on it is a text, where there is one for fewer than `ROWS_PER_TEXT` rows."""

ROWS_PER_TEXT = 10


def class_doubt(table: pa.Table, target: Target, learned: LabelReading) -> str:
    """Return a line where the classes of training rows look like something else; empty where they do not.

    Args:
        table: Training rows as read.
        target: Where the labels stand; classes that it names itself are not doubted.
        learned: How the labels are written.
    """
    cells, typed = table.column(target.column), is_typed(table, target.column)
    counts = Counter(name for cell in cells.to_pylist() if (name := learned.name(cell, typed=typed)) is not None)
    if target.classes or len(counts) <= FEWEST:
        return ""
    looks = _looks(cells, counts, learned)
    if not looks:
        return ""
    what, instead = looks
    return (
        f"label column {target.column!r} {what}, and each of {len(counts):,} in {counts.total():,} rows is a class of"
        f" its own: {instead}, or name another column with --label"
    )


def _looks(cells: pa.ChunkedArray, counts: Counter[str], learned: LabelReading) -> tuple[str, str] | None:
    """Return what the cells look like, and what may be meant."""
    rows = counts.total()
    text = is_text_type(cells.type)
    if pa.types.is_temporal(cells.type) or are_compact(cells) or (text and look_dated(present_text(cells))):
        return "looks like dates", "give what is to be predicted of them, such as the month or a number of days"
    if learned.numeric and _is_amount(cells, learned):
        return "looks like continuous numbers", "--problem regression predicts them as such"
    words = sum(len(name.split()) for name in counts) / len(counts)
    if text and words >= WORDS and len(counts) * ROWS_PER_TEXT > rows:
        return "looks like free text", "--text takes it as an input"
    if len(counts) * ROWS_PER_CLASS > rows:
        return "has nearly as many values as rows, as names and ids have", "give classes that come back"
    return None


def _is_amount(cells: pa.ChunkedArray, learned: LabelReading) -> bool:
    values = np.array([value for value in values_of(cells, learned) if value is not None], np.float64)
    values = values[np.isfinite(values)]
    return bool(len(values)) and not bool((values == np.floor(values)).all())
