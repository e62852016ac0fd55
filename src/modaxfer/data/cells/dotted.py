"""Parts of objects as columns: ``review.text`` is the text in the column of objects ``review``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.names import tidy
from modaxfer.data.tables.mixed_types import as_array, as_text

__all__ = ["dotted_names", "part_of", "with_dotted"]

_MOST = 50
"""Parts that are named in a message."""


def with_dotted(table: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return `table` with a column for each of `names` that leads into objects; nothing else of them is taken apart.

    A column that is really called so goes first. Where an object lacks the part, or there is none, its cell is empty.
    A name that leads nowhere is left out: whoever needs the column says so.
    """
    for name in dict.fromkeys(names):
        if name not in table.column_names and (found := _found(table, name)) is not None:
            table = table.append_column(name, found)
    return table


def dotted_names(table: pa.Table) -> list[str]:
    """Return the dotted names of the values in the objects of `table`, in its order, the first 50."""
    names = [name for column in table.schema for name in _below(column.name, column.type)]
    return names[:_MOST]


def part_of(value: Any, path: str) -> Any:
    """Return what stands in an object at a dotted `path`; None where nothing does."""
    if not path or not isinstance(value, Mapping):
        return value if not path else None
    keys = {tidy(str(key)): key for key in value}
    for head, rest in _splits(path):
        if head in keys:
            return part_of(value[keys[head]], rest)
    return None


def _found(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    for head, rest in _splits(name):
        if rest and head in table.column_names:
            column = table.column(head)
            if pa.types.is_struct(column.type):
                return _inside(column, rest)
            return _parsed(column, rest) if is_text_type(column.type) else None
    return None


def _inside(column: pa.ChunkedArray, path: str) -> pa.ChunkedArray | None:
    if not path:
        return column.cast(pa.large_string()) if pa.types.is_string(column.type) else column
    if not pa.types.is_struct(column.type):
        return _parsed(column, path) if is_text_type(column.type) else None
    keys = {tidy(field.name): field.name for field in column.type}
    for head, rest in _splits(path):
        if head in keys:
            return _inside(pc.struct_field(column, keys[head]), rest)
    return None


def _parsed(column: pa.ChunkedArray, path: str) -> pa.ChunkedArray | None:
    """Return a part of objects that stand in a column as JSON, as they do where rows do not agree on types."""
    if not any(text and text.lstrip().startswith("{") for text in column.to_pylist()):
        return None
    values = [part_of(_object(text), path) for text in column.to_pylist()]
    if all(value is None for value in values):
        return None
    array = as_array(values)
    return pa.chunked_array([as_text(values) if array is None else array])


def _object(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _splits(name: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to part a dotted name, the longest beginning first: names of columns may have dots."""
    words = name.split(".")
    for place in range(len(words), 0, -1):
        yield ".".join(words[:place]), ".".join(words[place:])


def _below(name: str, kind: pa.DataType) -> Iterator[str]:
    if not pa.types.is_struct(kind) or {field.name for field in kind} == {"bytes", "path"}:
        return
    for field in kind:
        inner = f"{name}.{field.name}"
        if pa.types.is_struct(field.type):
            yield from _below(inner, field.type)
        else:
            yield inner
