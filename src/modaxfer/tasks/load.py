"""Load a task: find its rows, clean them, divide them, number its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import datasets
import pyarrow as pa

from modaxfer.contracts import TaskData
from modaxfer.data.fingerprint import fingerprint
from modaxfer.data.origin import notes_of
from modaxfer.data.rows import Ledger, Rows
from modaxfer.data.sources import Found, find_rows
from modaxfer.data.targets import encode, unseen
from modaxfer.spec import TABLE, Field, TaskSpec
from modaxfer.tasks.intake import take_in
from modaxfer.tasks.partition import divide, limited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["fields_of", "load_task"]


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
        limit: At most this many training rows, and a quarter of it in the other splits.
        on_bad_row: ``drop`` counts and names unusable rows, ``fail`` refuses them.
        partial: Keep rows that lack an image or a sound as long as any field is filled: the model can do without.

    Raises:
        DataError: No source has the rows, they do not fit the spec, or too few are left.
    """
    found = find_rows(spec, data_dir)
    ledger = Ledger(on_bad_row)
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
    return tuple(note for table in tables.values() for note in notes_of(table))
