"""Which rows a saved model can read, and why it cannot read the others: one bad row does not stop the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.blanks import filled, is_missing
from modaxfer.data.cleaning import find_empty, find_infinite
from modaxfer.data.rows import Rows
from modaxfer.errors import DataError, close_matches

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.contracts import Bridge, Example, Processor
    from modaxfer.runner.progress import Progress
    from modaxfer.spec import Field

__all__ = ["empty_rows", "prepared", "short_reason"]

CHUNK = 256
"""Rows that are decoded and processed together."""


def empty_rows(conformed: pa.Table, given: pa.Table, fields: Sequence[Field], *, partial: bool) -> dict[int, str]:
    """Return the rows without input, by position, each with its reason; the rule is that of training.

    Args:
        conformed: The columns that the model reads.
        given: All columns of the same rows, to tell of a misspelt one.
        fields: What the model reads.
        partial: Whether the model can do without an image or a sound.
    """
    rows = Rows(
        table=conformed,
        labels=[None] * conformed.num_rows,
        numbers=np.arange(1, conformed.num_rows + 1),
        split="",
        file="",
        media={},
    )
    found = {position: detail for position, (_, detail) in find_infinite(rows, fields).items()}
    for position in find_empty(rows, fields, partial=partial):
        found[position] = _why_empty(conformed, given, fields, position)
    return found


def prepared(
    rows: Sequence[Mapping[str, Any]],
    bridge: Bridge,
    processor: Processor,
    progress: Progress,
    blanks: Sequence[Field] = (),
) -> Iterator[Example | str]:
    """Yield each row as the model takes it, or the reason why it cannot be read.

    Args:
        rows: Conformed rows.
        bridge: Of the model, with what it learned.
        processor: Of the model.
        progress: Where to tell how far it is.
        blanks: Fields of which a missing value is replaced by a blank one.
    """
    with progress.bar("preparing", len(rows)) as advance:
        for start in range(0, len(rows), CHUNK):
            chunk = list(rows[start : start + CHUNK])
            chunk = list(filled(chunk, blanks)) if blanks else chunk
            try:
                yield from processor(bridge(chunk))
            except DataError:
                # Some row of these: one by one it shows which.
                yield from (_one(row, bridge, processor) for row in chunk)
            advance(len(chunk))


def short_reason(error: DataError) -> str:
    """Return what is wrong and what was got, in one line, without advice."""
    return f"{error.what}: {error.got}" if error.got is not None else error.what


def _one(row: Mapping[str, Any], bridge: Bridge, processor: Processor) -> Example | str:
    try:
        (example,) = processor(bridge([row]))
    except DataError as error:
        return short_reason(error)
    return example


def _why_empty(conformed: pa.Table, given: pa.Table, fields: Sequence[Field], position: int) -> str:
    row = {name: given.column(name)[position].as_py() for name in given.column_names}
    inputs = {name: conformed.column(name)[position].as_py() for name in conformed.column_names}
    lacking = [field.name for field in fields if is_missing(_stripped(inputs.get(field.name)))]
    unread = [name for name in lacking if not is_missing(_stripped(row.get(name)))]
    others = [name for name, value in row.items() if name not in inputs and not is_missing(_stripped(value))]
    close = [match for name in lacking for match in close_matches(name, others)]
    said = [_said([name for name in lacking if name not in unread], "empty"), _said(unread, "unreadable")]
    meant = f"; it has {' and '.join(map(repr, close))} instead" if close else ""
    return f"no input: {' and '.join(filter(None, said))}{meant}"


def _said(names: Sequence[str], what: str) -> str:
    """Return ``'a', 'b' are empty``; nothing where there is no name."""
    if not names:
        return ""
    listed = ", ".join(map(repr, names[:3])) + (", ..." if len(names) > 3 else "")
    return f"{listed} {'is' if len(names) == 1 else 'are'} {what}"


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
