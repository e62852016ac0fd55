"""Rows that come without labels: read from a file or another task, as the task's own rows are, and kept apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from modaxfer.contracts import TaskData, UnlabelledRows
from modaxfer.data import read_data
from modaxfer.data.cells.columns import MEDIA, conform, file_columns
from modaxfer.data.cleaning import find_empty, find_infinite, read_media, too_coarse
from modaxfer.data.fingerprint import fingerprint, row_digests
from modaxfer.data.media.values import encoded
from modaxfer.data.near_copies import near_copies
from modaxfer.data.rows import Rows
from modaxfer.data.sources import find_rows
from modaxfer.data.tables.files import is_data, require_file
from modaxfer.errors import DataError, RefusedError
from modaxfer.registry import registry
from modaxfer.spec import SPLITS, UNLABELLED, Field
from modaxfer.tasks.loose_files import loose_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["find_unlabelled", "with_unlabelled"]

JUDGES = ("validation", "test")
"""Splits that a run is chosen and scored by: rows without labels must not be copies of theirs."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Tables that were found, and what they are called."""

    tables: Mapping[str, pa.Table]
    source: str
    root: Path | None


def find_unlabelled(asked: str) -> str:
    """Return the id of the task that `asked` names, or an empty text where it is a file or a folder.

    Raises:
        DataError: It is named like a data file, and there is none.
        UnknownNameError: It is neither.
    """
    path = Path(asked).expanduser()
    if path.exists():
        return ""
    if is_data(path):
        require_file(path)
    return registry().get("task", asked).id


def with_unlabelled(data: TaskData, fields: Sequence[Field], asked: str, *, data_dir: str | None) -> TaskData:
    """Return `data` with a split of rows whose labels nobody knows.

    Labels that stand beside them are not read. Test rows of a task or a folder are left out, and so are rows without
    input, copies of each other and of the task's own rows, and rows that equal one of validation or test but for how
    texts are written. In a table of few distinct rows equal rows are separate observations and stay.

    Args:
        data: The task's rows.
        fields: Its input fields.
        asked: A file or folder with the task's columns, or the name of a task whose fields fit.
        data_dir: Folder that holds data sets by name.

    Raises:
        DataError: A column is missing, or no row is left.
        RefusedError: The other task's fields do not fit.
    """
    # A mistake in the request is answered before this is imported, which takes seconds.
    from datasets import Dataset

    found = _find(asked, fields, data_dir)
    tables = {name: table for name, table in found.tables.items() if name != "test" or len(found.tables) == 1}
    parts = [_rows(_renamed(table, fields, data.types, asked), fields, data, found) for table in tables.values()]
    rows, dropped = parts[0][0] if len(parts) == 1 else _joined([part for part, _ in parts]), Counter[str]()
    for _, reasons in parts:
        dropped += reasons
    rows = _distinct(rows, data, fields, dropped)
    if not len(rows):
        raise DataError(
            "no row without a label is left",
            got=", ".join(f"{count} {reason}" for reason, count in dropped.items()) or "no rows",
            fix="name a file or a task with other rows",
        )
    told = UnlabelledRows(
        source=found.source,
        fingerprint=fingerprint(fields, {UNLABELLED: (rows.digests, rows.labels)}),
        dropped=dict(dropped),
    )
    table = rows.table.replace_schema_metadata(None)
    ids = pa.array([f"{UNLABELLED}-{number}" for number in rows.numbers], pa.string())
    split = Dataset(table.add_column(0, "row_id", ids), fingerprint=f"{told.fingerprint[:16]}-{UNLABELLED}")
    return replace(
        data,
        splits={**data.splits, UNLABELLED: split},
        digests={**data.digests, UNLABELLED: rows.digests},
        unlabelled=told,
    )


def _find(asked: str, fields: Sequence[Field], data_dir: str | None) -> _Found:
    path = Path(asked).expanduser()
    if path.exists():
        tables = loose_files(path, fields, UNLABELLED) or read_data(path)
        return _Found(tables=tables, source=f"{'folder' if path.is_dir() else 'file'} {path}", root=_root(path))
    entry = registry().get("task", asked)
    found = find_rows(entry.spec, data_dir)
    return _Found(tables=found.tables, source=f"task {entry.id}, {found.source}", root=found.root)


def _root(path: Path) -> Path:
    return path if path.is_dir() else path.parent


def _renamed(table: pa.Table, fields: Sequence[Field], types: Mapping[str, Any], asked: str) -> pa.Table:
    """Return `table` with the task's columns; the one column that a task has may be called otherwise in another.

    Raises:
        DataError: A file lacks a column.
        RefusedError: The fields of another task do not fit.
    """
    wanted = file_columns(fields, types)
    missing = [name for name in wanted if name not in table.column_names]
    if not missing or Path(asked).expanduser().exists():
        return table
    other = registry().get("task", asked).spec.fields
    if len(fields) == len(other) == 1 and fields[0].signal.kind == other[0].signal.kind:
        names = [fields[0].name if name == other[0].name else name for name in table.column_names]
        return table.rename_columns(names)
    raise RefusedError(
        f"rows of task {asked} lack what the task's rows have",
        got=[f"{field.name} ({field.signal.kind})" for field in other] or table.column_names,
        allowed=[f"{field.name} ({field.signal.kind})" for field in fields],
        fix="name a task with the same fields, or a file with these columns",
    )


def _rows(table: pa.Table, fields: Sequence[Field], data: TaskData, found: _Found) -> tuple[Rows, Counter[str]]:
    """Return the rows of one table that have input which can be read, and how many do not, by reason."""
    conformed = conform(table, fields, data.types)
    count = conformed.num_rows
    rows = Rows(
        table=conformed, labels=[None] * count, numbers=np.arange(1, count + 1), split=UNLABELLED, file="", media={}
    )
    faults = find_infinite(rows, fields) | find_empty(rows, fields)
    rows = _without(rows, faults)
    rows, unreadable = read_media(rows, fields, found.root)
    rows = _without(rows, unreadable)
    rows = replace(rows, table=_carried(rows.table, fields, found.root, data.root))
    dropped = Counter(reason for reason, _ in (*faults.values(), *unreadable.values()))
    return replace(rows, digests=row_digests(rows.table, fields, rows.media)), dropped


def _carried(table: pa.Table, fields: Sequence[Field], root: Path | None, own: Path | None) -> pa.Table:
    """Return a table whose images and sounds can be read from where the task's are: those of elsewhere as bytes."""
    for field in fields if root != own else ():
        if field.signal.kind in MEDIA:
            values = [_bytes(value, root) for value in table.column(field.name).to_pylist()]
            place = table.column_names.index(field.name)
            table = table.set_column(place, field.name, pa.array(values, pa.large_binary()))
    return table


def _bytes(value: Any, root: Path | None) -> bytes:
    with encoded(value, root).open() as file:
        return file.read()


def _joined(parts: Sequence[Rows]) -> Rows:
    whole = Rows.joined(parts)
    return replace(whole, numbers=np.arange(1, len(whole) + 1), named=())


def _distinct(rows: Rows, data: TaskData, fields: Sequence[Field], dropped: Counter[str]) -> Rows:
    """Return the rows that are nobody's copy."""
    if too_coarse(data.digests["train"], fields):
        return rows
    own = {digest for split in SPLITS for digest in data.digests.get(split, ())}
    first: dict[bytes, int] = {}
    copies = {
        place: ("copy_of_a_labelled_row" if digest in own else "duplicate", "")
        for place, digest in enumerate(rows.digests)
        if digest in own or first.setdefault(digest, place) != place
    }
    rows = _without(rows, copies)
    near = dict.fromkeys(_near(rows, data, fields), ("near_copy_of_a_judging_row", ""))
    dropped.update(reason for reason, _ in (*copies.values(), *near.values()))
    return _without(rows, near)


def _near(rows: Rows, data: TaskData, fields: Sequence[Field]) -> list[int]:
    """Return the places of rows that equal one that judges the run but for how texts are written."""
    if rows.media:
        return []
    found: set[int] = set()
    for split in JUDGES:
        table = data.splits[split].with_format("arrow")[:].select([field.name for field in fields])
        known = replace(rows, table=table, digests=data.digests[split], media={}, labels=[None] * table.num_rows)
        found |= set(np.flatnonzero(near_copies(rows, known, fields)).tolist())
    return sorted(found)


def _without(rows: Rows, faults: Mapping[int, Any]) -> Rows:
    if not faults:
        return rows
    return rows.take(np.array([place for place in range(len(rows)) if place not in faults], np.int64))
