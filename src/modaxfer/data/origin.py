"""Where a table came from, carried in its schema's metadata so that every later step can name the file."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "called_in",
    "cut",
    "file_of",
    "is_typed",
    "mixed_of",
    "name_classes",
    "noted",
    "notes_of",
    "numbers_of",
    "path_of",
    "renamed",
    "renumbered",
    "separator_of",
    "stamp",
    "total_of",
]

_FILE, _UNTYPED, _NOTES = b"modaxfer.file", b"modaxfer.untyped", b"modaxfer.notes"
_CALLED = b"modaxfer.called"
_SEPARATOR, _MIXED = b"modaxfer.separator", b"modaxfer.mixed"
_NUMBERS, _TOTAL = b"modaxfer.numbers", b"modaxfer.total"


def stamp(
    table: pa.Table,
    *,
    file: str,
    typed: bool = True,
    notes: tuple[str, ...] = (),
    separator: str = "",
    mixed: Sequence[str] = (),
    numbers: np.ndarray | None = None,
    total: int | None = None,
    called: str = "",
) -> pa.Table:
    """Return `table` with its origin as the only metadata.

    Metadata of other libraries is dropped: `datasets` would take it as an order to decode images and sounds.

    Args:
        table: Rows as read.
        file: Name of the file, for messages.
        typed: False where the format has no types (csv, tsv), so that every column was read as text.
        notes: What a reader of the file should be told.
        separator: What stands between the cells of delimited text; tells how its numbers may be written.
        mixed: Columns of a file with types whose cells are of several, so that they were read as text.
        numbers: int64 ``[rows]``: number of each row in the file, from 1; None where all of them are there.
        total: Rows that the file has; None where all of them are there.
        called: What messages call it, where the file is none that the user knows of.
    """
    metadata: dict[bytes, str | bytes] = {
        _FILE: file,
        _UNTYPED: "" if typed else "yes",
        _NOTES: "\n".join(notes),
        _SEPARATOR: separator,
        _MIXED: json.dumps(list(mixed)),
    }
    if called:
        metadata[_CALLED] = called
    if numbers is None:
        return table.replace_schema_metadata(metadata)
    return renumbered(table.replace_schema_metadata(metadata), numbers, total)


def renumbered(table: pa.Table, numbers: np.ndarray, total: int | None = None) -> pa.Table:
    """Return `table` with other row numbers; all else that was stamped stays."""
    metadata = {key: value for key, value in (table.schema.metadata or {}).items() if key not in (_NUMBERS, _TOTAL)}
    if not np.array_equal(numbers, np.arange(1, len(numbers) + 1)):
        metadata[_NUMBERS] = numbers.astype(np.int64).tobytes()
    if total is not None and total != table.num_rows:
        metadata[_TOTAL] = str(total).encode()
    return table.replace_schema_metadata(metadata)


def cut(table: pa.Table, start: int, stop: int) -> pa.Table:
    """Return rows `start` ... `stop - 1` of `table` with the numbers that they have there."""
    return renumbered(table.slice(start, stop - start), numbers_of(table)[start:stop])


def renamed(table: pa.Table, file: str) -> pa.Table:
    """Return `table` with `file` as the name that messages give it, all else of its origin kept."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _FILE: file.encode()})


def name_classes(table: pa.Table) -> pa.Table:
    """Replace class numbers by class names where `datasets` has written the names into the schema's metadata."""
    noted = (table.schema.metadata or {}).get(b"huggingface", b"{}")
    features = json.loads(noted).get("info", {}).get("features", {})
    for index, name in enumerate(table.column_names):
        feature = features.get(name, {})
        column = table.column(index).combine_chunks()
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and "names" in feature:
            table = table.set_column(index, name, _named(column, feature["names"]))
        elif names := _names_of_items(feature, column.type):
            parts = _named(pc.list_flatten(column), names)
            lists = pa.ListArray.from_arrays(_offsets(column), parts, mask=column.is_null())
            table = table.set_column(index, name, lists)
    return table


def _named(numbers: pa.Array, names: Sequence[str]) -> pa.Array:
    # -1 is how `datasets` marks a row without a label; with None in front it becomes null.
    return pa.array([None, *names], pa.string()).take(pc.add(pc.max_element_wise(numbers, -1), 1))


def _names_of_items(feature: object, kind: pa.DataType) -> Sequence[str]:
    """Return the class names of a column of lists of class numbers; empty where it is none."""
    inner = feature.get("feature") if isinstance(feature, dict) else None
    listed = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    if not listed or not isinstance(inner, dict) or inner.get("_type") != "ClassLabel":
        return ()
    return list(inner.get("names", ()))


def _offsets(lists: pa.Array) -> pa.Array:
    """Return where each list of `lists` begins among all their items, int32 ``[lists + 1]``."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())


def file_of(table: pa.Table, default: str = "") -> str:
    """Return what messages call the file that `table` was read from; `default` where nobody noted it."""
    return called_in(table) or path_of(table, default)


def path_of(table: pa.Table, default: str = "") -> str:
    """Return the name of the file that `table` was read from, whatever messages call it; `default` where none is."""
    return _value(table, _FILE) or default


def called_in(table: pa.Table) -> str:
    """Return what messages call the file, where it has another name for the user; else an empty text."""
    return _value(table, _CALLED)


def is_typed(table: pa.Table, column: str | None = None) -> bool:
    """Tell whether the types of the columns, or of one, come from the file, not from a format that knows only text.

    A column of JSON whose cells are numbers and texts has no type either.
    """
    return not _value(table, _UNTYPED) and column not in mixed_of(table)


def mixed_of(table: pa.Table) -> tuple[str, ...]:
    """Return the columns of a file with types whose cells are of several."""
    return tuple(json.loads(_value(table, _MIXED) or "[]"))


def separator_of(table: pa.Table) -> str:
    """Return what stands between the cells of the file; empty where it is no delimited text."""
    return _value(table, _SEPARATOR)


def notes_of(table: pa.Table) -> tuple[str, ...]:
    """Return what was noted while the file was read."""
    return tuple(filter(None, _value(table, _NOTES).split("\n")))


def noted(table: pa.Table, note: str) -> pa.Table:
    """Return `table` with one more note, the first."""
    notes = "\n".join((note, *notes_of(table)))
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _NOTES: notes})


def numbers_of(table: pa.Table) -> np.ndarray:
    """Return int64 ``[rows]``: the number of each row in its file, from 1.

    Where a task's own reader has taken rows out, they are numbered again.
    """
    numbers = np.frombuffer((table.schema.metadata or {}).get(_NUMBERS, b""), np.int64)
    return numbers if len(numbers) == table.num_rows else np.arange(1, table.num_rows + 1)


def total_of(table: pa.Table) -> int:
    """Return how many rows the file has of which `table` may be a part."""
    return int(_value(table, _TOTAL) or table.num_rows)


def _value(table: pa.Table, key: bytes) -> str:
    return str((table.schema.metadata or {}).get(key, b"").decode())
