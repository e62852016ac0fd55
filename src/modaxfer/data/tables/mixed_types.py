"""One type for a column of JSON values, however the rows wrote them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

__all__ = ["as_array", "as_text", "united"]


def as_array(values: Sequence[Any]) -> pa.Array | None:
    """Return `values` as a column, text as `large_string`; None where they have no type in common."""
    try:
        made = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return None
    return made.cast(pa.large_string()) if pa.types.is_string(made.type) else made


def united(parts: Sequence[pa.Array | None]) -> pa.ChunkedArray | None:
    """Return `parts` as one column; None where they have no type in common."""
    arrays = [part for part in parts if part is not None]
    if len(arrays) < len(parts):
        return None
    tables = [pa.table({"": array}) for array in arrays]
    try:
        return pa.concat_tables(tables, promote_options="permissive").column(0)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return None


def as_text(values: Sequence[Any]) -> pa.Array:
    """Return values of several types, which JSON may mix in one column, as text: nothing is lost."""
    written = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pa.array(written, pa.large_string())
