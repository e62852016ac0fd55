"""Which source a name stands for: a text file, a table, a folder of images or sounds, or a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.errors import DataError, RefusedError
from modaxfer.pretraining.sources import LINES, Source, TextFile, Values, refuse_few
from modaxfer.registry import registry

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.spec import Field

__all__ = ["find_source", "only_field", "text_columns"]


def find_source(name: str, text: str | None, data_dir: str | None) -> Source:
    """Return the rows that `name` stands for.

    Args:
        name: A text file, a table, a folder of images or sounds, or a task.
        text: Text column of a table.
        data_dir: Folder that holds data sets by name.

    Raises:
        UnknownNameError: It is none of these.
        DataError: It holds no rows, or has no column of text, or several.
        RefusedError: A task has several fields, or none that can be learned from alone.
    """
    path = Path(name).expanduser()
    source = _of_path(path, text) if path.exists() else _of_task(name, data_dir)
    refuse_few(source)
    return source


def _of_path(path: Path, text: str | None) -> Source:
    if path.is_dir():
        return _of_folder(path, text)
    if path.suffix in LINES:
        return TextFile(path)
    from modaxfer.data import read_data

    return _of_tables(str(path), read_data(path), text)


def _of_folder(path: Path, text: str | None) -> Source:
    """Return the images or sounds below a folder, in sub-folders too; else the tables in it."""
    from modaxfer.data.layouts.listing import list_media

    listing = list_media(path)
    found = {kind: [str(each.relative_to(path)) for each in _below(listing, kind)] for kind in ("image", "audio")}
    kinds = [kind for kind, files in found.items() if files]
    if len(kinds) > 1:
        raise DataError(
            "the folder has images and sounds, and an encoder learns from one kind of rows",
            got={kind: len(files) for kind, files in found.items()}, fix="name a folder of one kind",
        )  # fmt: skip
    if kinds:
        return Values(str(path), kinds[0], found[kinds[0]], path)
    from modaxfer.data import read_data

    return _of_tables(str(path), read_data(path), text)


def _below(listing: Any, kind: str) -> list[Path]:
    own = [listing.path / name for name in (listing.images if kind == "image" else listing.sounds)]
    return own + [each for folder in listing.folders for each in _below(folder, kind)]


def _of_tables(name: str, tables: Any, text: str | None) -> Source:
    """Return the texts of a table's training rows, or of all where it is not split."""
    table = tables.get("train", next(iter(tables.values())))
    column = text or _only_text(name, table)
    if column not in table.column_names:
        raise DataError(
            f"{name} has no such column", got=column, allowed=table.column_names, fix="name one with --text"
        )
    return Values(name, "text", table.column(column).drop_null())


def _only_text(name: str, table: pa.Table) -> str:
    """Return the one column of text of a table.

    Raises:
        DataError: There is none, or there are several.
    """
    known = text_columns(table)
    if len(known) != 1:
        raise DataError(f"{name} has no single column of text", got=known or "none", fix="name one with --text")
    return known[0]


def text_columns(table: pa.Table, label: str = "label") -> list[str]:
    """Return the columns of text of a table but `label`; those with a telling name alone, where there are any."""
    import pyarrow as pa

    columns = [
        str(item.name)
        for item in table.schema
        if item.name != label and (pa.types.is_string(item.type) or pa.types.is_large_string(item.type))
    ]
    return [column for column in columns if column in ("text", "sentence")] or columns


def _of_task(name: str, data_dir: str | None) -> Source:
    """Return the inputs of a task's training rows; its labels, and its other splits, are not read."""
    from modaxfer.data.sources import find_rows

    entry = registry().get("task", name)
    field = only_field(entry.id, entry.spec.fields)
    found = find_rows(entry.spec, data_dir)
    values = found.tables["train"].column(field.name).drop_null()
    return Values(f"task {entry.id}", field.signal.kind, values, found.root)


def only_field(task_id: str, fields: Sequence[Field]) -> Field:
    """Return the one field of a task.

    Raises:
        RefusedError: It has several, or one that cannot be learned from alone.
    """
    if len(fields) == 1 and fields[0].signal.kind in ("text", "image", "audio"):
        return fields[0]
    raise RefusedError(
        f"rows of task {task_id} are not one text, image or sound",
        got=[f"{field.name} ({field.signal})" for field in fields],
        fix="name a task of one field, or a file with the column to learn from (--text)",
    )
