"""Which rows have nothing that a saved model reads, and why: one bad row does not stop the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.blanks import is_missing
from modaxfer.data.cleaning import find_empty, find_infinite
from modaxfer.data.rows import Rows
from modaxfer.errors import close_matches

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.spec import Field

__all__ = ["empty_rows"]


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
