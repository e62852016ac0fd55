"""Load a task: find its rows, clean them, divide them, number its labels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import datasets
import pyarrow as pa

from modaxfer.contracts import TaskData
from modaxfer.data.cells.columns import MEDIA
from modaxfer.data.cells.targets import encode, unseen
from modaxfer.data.fingerprint import fingerprint
from modaxfer.data.origin import file_of, notes_of, total_of
from modaxfer.data.rows import Ledger, Rows, TooFewRowsError
from modaxfer.data.sources import Found, find_rows
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import close_matches
from modaxfer.spec import TABLE, Field, Problem, TaskSpec
from modaxfer.tasks.intake import take_in
from modaxfer.tasks.partition import divide, limited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["fields_of", "load_task"]

_SPARE, _GROWTH = 3, 8
"""Rows drawn for each that the limit asks for, as splits are made of them and some are unusable; and by how much more
where they were too few."""

_POOL, _MEDIA_POOL = 5_000, 1_000
"""Rows that are drawn at least, so that classes keep their shares; fewer where each has to be decoded."""

_MOST, _MOST_SPARE = 100_000, 20
"""Rows that are drawn at most, and for each that the limit asks for: a file of equal rows would else be read whole."""


def load_task(
    spec: TaskSpec,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    limit: int | None = None,
    on_bad_row: str = "drop",
    partial: bool = False,
) -> TaskData:
    """Return the rows of `spec`, clean and in three splits.

    Row ids such as ``test-17`` name the split and the row number (from 1) that the data gave, so a validation row
    carved from train is still called ``train-17``.

    Args:
        spec: Task to load.
        data_dir: Folder that holds data sets by name; None means the environment variable ``MODAXFER_DATA``.
        seed: Seed of splits that have to be made, and of `limit`.
        limit: At most this many training rows, and a quarter of it in the other splits. They are drawn before anything
            is cleaned or decoded, from a part of the rows that grows until enough usable ones are in it.
        on_bad_row: ``drop`` counts and names unusable rows, ``fail`` refuses them.
        partial: Keep rows that lack an image or a sound as long as any field is filled: the model can do without.

    Raises:
        DataError: No source has the rows, they do not fit the spec, or too few are left.
    """
    decoded = any(field.signal.kind in MEDIA for field in spec.fields)
    rows = None if limit is None else max(_SPARE * limit, _MEDIA_POOL if decoded else _POOL)
    most = max(_MOST, _MOST_SPARE * (limit or 0), rows or 0)
    while True:
        found = find_rows(spec, data_dir, _selection(spec, rows, seed))
        partly = any(total_of(table) > table.num_rows for table in found.tables.values())
        try:
            data = _load(spec, _with_labels(spec, found), seed, limit, Ledger(on_bad_row), partial)
        except TooFewRowsError:
            if not partly or (rows or 0) >= most:
                raise
        else:
            if not partly or (rows or 0) >= most or len(data.splits["train"]) >= (limit or 0):
                return data
        rows = min(_GROWTH * (rows or 1), most)


def _selection(spec: TaskSpec, rows: int | None, seed: int) -> Selection:
    named = (*(field.name for field in spec.fields), *spec.target.read_from)
    beside = (*spec.keep, *spec.splits.group, *spec.splits.disjoint)
    columns = frozenset((*named, *beside)) if spec.fields else None
    label = None if spec.target.problem is Problem.REGRESSION else spec.target.column
    return Selection(columns=columns, draw=None if rows is None else Draw(rows=rows, seed=seed, label=label))


def _with_labels(spec: TaskSpec, found: Found) -> Found:
    """Return `found` without validation and test rows that have no label, as competitions hand them out."""
    columns, notes = spec.target.read_from, []
    tables = dict(found.tables)
    for split in ("validation", "test"):
        if split not in tables or not set(columns) <= set(tables["train"].column_names):
            continue
        table = tables[split]
        named = [column for column in columns if column in table.column_names]
        misspelt = any(close_matches(column, table.column_names) for column in columns)
        if any(table.column(column).null_count < len(table) for column in named) or (not named and misspelt):
            continue
        del tables[split]
        notes.append(
            f"{file_of(table, split)} has no labels in column {spec.target.column!r}: it is left out, for `predict`; "
            f"a {split} split is made from train"
        )
    return replace(found, tables=tables, warnings=(*found.warnings, *notes))


def _load(spec: TaskSpec, found: Found, seed: int, limit: int | None, ledger: Ledger, partial: bool) -> TaskData:
    intake = take_in(spec, found, ledger, partial=partial)
    rows, findings = divide(spec, intake, seed, ledger)
    if limit is not None:
        rows = limited(rows, spec, intake.classes, limit, seed)
    identity = fingerprint(intake.fields, {split: (part.digests, part.labels) for split, part in rows.items()})
    return TaskData(
        splits={split: _dataset(part, f"{identity[:16]}-{split}") for split, part in rows.items()},
        targets={split: encode(part.labels, spec.target.problem, intake.classes) for split, part in rows.items()},
        classes=intake.classes,
        source=found.source,
        root=found.root,
        fingerprint=identity,
        digests={split: part.digests for split, part in rows.items()},
        dropped=dict(ledger.dropped),
        dropped_rows=tuple(ledger.lines),
        unseen={split: strange for split, part in rows.items() if (strange := unseen(part.labels, intake.classes))},
        warnings=(*found.warnings, *_notes(found), *intake.notes, *ledger.notes, *findings),
        fields=intake.fields,
        types={name: reading.to_dict() for name, reading in intake.types.items()},
    )


def fields_of(spec: TaskSpec, data: TaskData) -> tuple[Field, ...]:
    """Return the input fields that `data` really has.

    A spec without fields takes every column as a table, constant table columns are dropped while loading, and a date
    is several fields.
    """
    if data.fields:
        return data.fields
    columns: Sequence[str] = data.splits["train"].column_names
    beside = {"row_id", *spec.keep, *spec.splits.group, *spec.splits.disjoint}
    fields = spec.fields or tuple(Field(name=name, signal=TABLE) for name in columns if name not in beside)
    return tuple(field for field in fields if field.name in columns)


def _dataset(rows: Rows, identity: str) -> datasets.Dataset:
    # Without metadata: it could tell `datasets` to decode images and sounds at every access.
    table = rows.table.replace_schema_metadata(None)
    return datasets.Dataset(table.add_column(0, "row_id", pa.array(rows.ids(), pa.string())), fingerprint=identity)


def _notes(found: Found) -> tuple[str, ...]:
    tables: Mapping[str, pa.Table] = found.tables
    drawn = [
        f"{table.num_rows:,} of {total_of(table):,} rows of {split} were drawn for the limit, before cleaning; what is "
        "counted is counted among them"
        for split, table in tables.items()
        if total_of(table) > table.num_rows
    ]
    return (*(note for table in tables.values() for note in notes_of(table)), *drawn)
