"""Columns as a task's fields want them: text as strings, table values as numbers or categories, media untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.origin import file_of, is_typed
from modaxfer.errors import DataError, close_matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer.spec import Field

__all__ = ["conform", "is_media", "numbers", "require_columns", "table_types"]

MEDIA = ("image", "audio")
"""Signal kinds whose values are encoded files."""

_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "None", "?")
"""How a cell of an untyped number column says that it has no value."""


def require_columns(table: pa.Table, names: Sequence[str], role: str = "column") -> None:
    """Check that `table` has the columns `names`.

    Raises:
        DataError: Names every absent column, those that resemble it, and what there is.
    """
    absent = [name for name in names if name not in table.column_names]
    if not absent:
        return
    close = list(dict.fromkeys(match for name in absent for match in close_matches(name, table.column_names)))
    hint = f"did you mean {' or '.join(close)}?" if close else "name a column of the file"
    what = f"{role} {', '.join(map(repr, absent))} is not in the data"
    raise DataError(what, file=file_of(table) or None, allowed=table.column_names, fix=hint)


def conform(table: pa.Table, fields: Sequence[Field], types: Mapping[str, str] | None = None) -> pa.Table:
    """Return the columns of `fields`, each in the form that its signal kind has.

    ``text`` becomes a string, null the empty string; ``table`` becomes float64 or string (see `table_types`), null
    stays null; media stay paths, bytes or ``{"bytes", "path"}``; a kind that only a plugin knows is left as it is.

    Args:
        table: Rows as read.
        fields: Typed input fields.
        types: By table column ``number`` or ``category``; found in `table` itself where not given.

    Raises:
        DataError: A column is absent or cannot be what its field says.
    """
    require_columns(table, [field.name for field in fields], "input column")
    types = types if types is not None else table_types([table], fields)
    columns = {field.name: _conformed(table, field, types) for field in fields}
    return pa.table(columns).replace_schema_metadata(table.schema.metadata)


def table_types(tables: Sequence[pa.Table], fields: Sequence[Field]) -> dict[str, str]:
    """Return ``number`` or ``category`` for every table field, the same for all splits in `tables`.

    A typed column is what its type says. In a file without types a column is a number if every cell of every split
    that is not missing reads as one.
    """
    names = [field.name for field in fields if field.signal.kind == "table"]
    return {
        name: "number" if all(_is_number(table, name) for table in tables) else "category"
        for name in names
        if all(name in table.column_names for table in tables)
    }


def numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return `column` as float64; what does not read as a number, and NaN, becomes null."""
    if _is_text(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        looks = pc.match_substring_regex(
            trimmed, pattern=r"^[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|inf(inity)?)$", ignore_case=True
        )
        trimmed = pc.replace_substring_regex(trimmed, pattern=r"^\+", replacement="")
        return pc.if_else(looks, trimmed, pa.scalar(None, trimmed.type)).cast(pa.float64())
    values = column.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)


def is_media(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` holds encoded files: bytes or ``{"bytes", "path"}``."""
    if pa.types.is_struct(column.type):
        return {field.name for field in column.type} == {"bytes", "path"}
    return bool(pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type))


def _conformed(table: pa.Table, field: Field, types: Mapping[str, str]) -> pa.ChunkedArray:
    column, kind = table.column(field.name), field.signal.kind
    if kind == "text":
        return pc.fill_null(_text(table, field.name), "")
    if kind == "table":
        if types[field.name] == "number" and _can_be_number(column.type):
            return numbers(column)
        return _text(table, field.name)
    if kind in MEDIA and _is_empty(column):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    if kind in MEDIA and not (is_media(column) or _is_text(column.type)):
        allowed = ("paths", "bytes", "{bytes, path} structs")
        raise _wrong_type(table, field.name, f"a column of {kind} must hold encoded files", allowed)
    return column


def _is_empty(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` has no value in any row; its type then says nothing of what it could hold."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return bool(column.null_count == len(column))


def _text(table: pa.Table, name: str) -> pa.ChunkedArray:
    column = table.column(name)
    if pa.types.is_nested(column.type) or is_media(column):
        raise _wrong_type(table, name, "the column cannot be read as text", ("text", "numbers", "dates"))
    return column.cast(pa.string())


def _wrong_type(table: pa.Table, name: str, what: str, allowed: tuple[str, ...]) -> DataError:
    got = str(table.column(name).type)
    file = file_of(table) or None
    return DataError(
        what, file=file, column=name, got=got, allowed=allowed, fix="give the column its own kind of field"
    )


def _is_number(table: pa.Table, name: str) -> bool:
    column = table.column(name)
    if not _is_text(column.type):
        return _can_be_number(column.type)
    if is_typed(table):
        return False
    present = column.filter(
        pc.invert(pc.is_in(pc.utf8_trim_whitespace(column), pa.array((*_MISSING, None), pa.string())))
    )
    return bool(numbers(present).null_count == 0)


def _can_be_number(kind: pa.DataType) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    return _is_text(kind) or any(test(kind) for test in tests)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
