"""Columns as a task's fields want them: text as strings, table values as numbers or categories, media untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells.dotted import dotted_names, with_dotted
from modaxfer.data.cells.interpret import interpret
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.cells.readings import Reading
from modaxfer.data.cells.sequences import sequences_of
from modaxfer.data.origin import file_of
from modaxfer.errors import DataError, close_matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer.spec import Field

__all__ = ["absence", "conform", "file_columns", "is_media", "require_columns"]

MEDIA = ("image", "audio")
"""Signal kinds whose values are encoded files."""


def absence(role: str, absent: Sequence[str]) -> str:
    """Return the sentence that columns of a `role` are not there."""
    several = len(absent) > 1
    return f"{role}{'s' * several} {', '.join(map(repr, absent))} {'are' if several else 'is'} not in the data"


def require_columns(table: pa.Table, names: Sequence[str], role: str = "column") -> None:
    """Check that `table` has the columns `names`.

    Raises:
        DataError: Names every absent column, those that resemble it, and what there is.
    """
    absent = [name for name in names if name not in table.column_names]
    if not absent:
        return
    known = [*table.column_names, *dotted_names(table)]
    close = list(dict.fromkeys(match for name in absent for match in _alike(name, known)))
    hint = f"did you mean {' or '.join(close)}?" if close else "name a column of the file"
    raise DataError(absence(role, absent), file=file_of(table) or None, allowed=known, fix=hint)


def _alike(name: str, known: Sequence[str]) -> list[str]:
    """Return what may be meant by a name that no column has: a part of objects of that name, or a name like it."""
    inside = [entry for entry in known if entry.rpartition(".")[2] == name]
    return inside[:3] or close_matches(name, known)


def conform(table: pa.Table, fields: Sequence[Field], types: Mapping[str, Any] | None = None) -> pa.Table:
    """Return the columns of `fields`, each in the form that its signal kind has.

    ``text`` becomes a string, null the empty string; ``words`` become lists of strings; ``table`` becomes float64 or
    string (see `interpret`), null stays null, and a cell that cannot be read becomes null (see `strange_cells`); media
    stay paths, bytes or ``{"bytes", "path"}``; a kind that only a plugin knows is left as it is.

    Args:
        table: Rows as read.
        fields: Typed input fields.
        types: By table field its reading: a `Reading`, what it is saved as, or ``number`` or ``category``. Where not
            given they are found in `table` itself, and a date becomes several columns.

    Raises:
        DataError: A column is absent or cannot be what its field says.
    """
    if types is None:
        table = with_dotted(table, [field.name for field in fields])
        require_columns(table, [field.name for field in fields], "input column")
        found = interpret(table, fields)
        fields, types = found.fields, found.types
    table = with_dotted(table, file_columns(fields, types))
    require_columns(table, file_columns(fields, types), "input column")
    columns = {field.name: _conformed(table, field, types) for field in fields}
    return pa.table(columns).replace_schema_metadata(table.schema.metadata)


def file_columns(fields: Sequence[Field], types: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a file that `fields` are made of, each once: several fields may come from one date."""
    made = {field.name: Reading.of(field.name, types[field.name]).column for field in fields if field.name in types}
    return tuple(dict.fromkeys(made.get(field.name, field.name) for field in fields))


def is_media(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` holds encoded files: bytes or ``{"bytes", "path"}``."""
    if pa.types.is_struct(column.type):
        return {field.name for field in column.type} == {"bytes", "path"}
    return bool(pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type))


def _conformed(table: pa.Table, field: Field, types: Mapping[str, Any]) -> pa.ChunkedArray:
    kind = field.signal.kind
    if kind == "table":
        reading = Reading.of(field.name, types[field.name])
        _require_plain(table, reading.column)
        return reading.read(table.column(reading.column))
    column = table.column(field.name)
    if kind == "text":
        _require_plain(table, field.name)
        # Large: the texts of a file may be more than 2 GiB.
        return pc.fill_null(column.cast(pa.large_string()), "")
    if kind == "words":
        return pa.chunked_array([pa.array(sequences_of(column), pa.list_(pa.large_string()))])
    if kind in MEDIA and _is_empty(column):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    if kind in MEDIA and not (is_media(column) or is_text_type(column.type)):
        allowed = ("paths", "bytes", "{bytes, path} structs")
        raise _wrong_type(table, field.name, f"a column of {kind} must hold encoded files", allowed)
    return column


def _is_empty(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` has no value in any row; its type then says nothing of what it could hold."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return bool(column.null_count == len(column))


def _require_plain(table: pa.Table, name: str) -> None:
    column = table.column(name)
    if pa.types.is_nested(column.type) or is_media(column):
        raise _wrong_type(table, name, "the column cannot be read as text", ("text", "numbers", "dates"))


def _wrong_type(table: pa.Table, name: str, what: str, allowed: tuple[str, ...]) -> DataError:
    got = str(table.column(name).type)
    file = file_of(table) or None
    if parts := dotted_names(table.select([name])):
        fix = f"name what stands in its objects: {' or '.join(parts[:3])}"
    elif pa.types.is_nested(table.column(name).type) and not is_media(table.column(name)):
        fix = "flatten it before, for example with `pandas.json_normalize`, so that each part is a column"
    else:
        fix = "give the column its own kind of field"
    return DataError(what, file=file, column=name, got=got, allowed=allowed, fix=fix)
