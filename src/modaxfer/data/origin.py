"""Where a table came from, carried in its schema's metadata so that every later step can name the file."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["file_of", "is_typed", "name_classes", "notes_of", "stamp"]

_FILE, _UNTYPED, _NOTES = b"modaxfer.file", b"modaxfer.untyped", b"modaxfer.notes"


def stamp(table: pa.Table, *, file: str, typed: bool = True, notes: tuple[str, ...] = ()) -> pa.Table:
    """Return `table` with its origin as the only metadata.

    Metadata of other libraries is dropped: `datasets` would take it as an order to decode images and sounds.

    Args:
        table: Rows as read.
        file: Name of the file, for messages.
        typed: False where the format has no types (csv, tsv), so that every column was read as text.
        notes: What a reader of the file should be told.
    """
    metadata = {_FILE: file, _UNTYPED: "" if typed else "yes", _NOTES: "\n".join(notes)}
    return table.replace_schema_metadata(metadata)


def name_classes(table: pa.Table) -> pa.Table:
    """Replace class numbers by class names where `datasets` has written the names into the schema's metadata."""
    noted = (table.schema.metadata or {}).get(b"huggingface", b"{}")
    features = json.loads(noted).get("info", {}).get("features", {})
    for index, name in enumerate(table.column_names):
        feature = features.get(name, {})
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and "names" in feature:
            # -1 is how `datasets` marks a row without a label; with None in front it becomes null.
            names = pa.array([None, *feature["names"]], pa.string())
            numbers = pc.add(pc.max_element_wise(table.column(index), -1), 1)
            table = table.set_column(index, name, names.take(numbers.combine_chunks()))
    return table


def file_of(table: pa.Table, default: str = "") -> str:
    """Return the name of the file that `table` was read from; `default` where nobody noted it."""
    return _value(table, _FILE) or default


def is_typed(table: pa.Table) -> bool:
    """Tell whether the types of the columns come from the file, not from a format that knows only text."""
    return not _value(table, _UNTYPED)


def notes_of(table: pa.Table) -> tuple[str, ...]:
    """Return what was noted while the file was read."""
    return tuple(filter(None, _value(table, _NOTES).split("\n")))


def _value(table: pa.Table, key: bytes) -> str:
    return str((table.schema.metadata or {}).get(key, b"").decode())
