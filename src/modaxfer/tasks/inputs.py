"""Rows of which only the inputs are wanted: read and checked as a task's own are, without labels, none left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from modaxfer.contracts import Answers, Sealed, TaskData
from modaxfer.data.cells.columns import conform, require_columns
from modaxfer.data.cells.interpret import Interpretation, interpret, strange_cells
from modaxfer.data.cleaning import find_empty, find_infinite, read_media
from modaxfer.data.fingerprint import fingerprint, row_digests
from modaxfer.data.origin import file_of, notes_of, numbers_of
from modaxfer.data.rows import Rows
from modaxfer.errors import DataError
from modaxfer.spec import Field, Target, TaskSpec
from modaxfer.tasks.intake import input_fields

__all__ = ["InputBlock", "Inputs", "block_of_inputs", "check_inputs", "spec_of_inputs", "task_of_inputs"]

_NOBODY = Target(column="row_id", problem="regression")
"""Stands where a task has its target: nothing reads it."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Rows without labels as a task, and what became of each row that was given."""

    spec: TaskSpec
    data: TaskData
    """The rows that can be read. Their targets are zeros, which nobody reads."""
    ids: Mapping[str, Sequence[str]]
    """By split: the id of every row that was given."""
    faults: Mapping[str, Mapping[int, str]]
    """By split and position: why a row cannot be read."""


@dataclass(frozen=True, kw_only=True)
class InputBlock:
    """Some rows of more than are held."""

    rows: Sequence[Mapping[str, Any]]
    """Those that can be read, in their order."""
    ids: Sequence[str]
    """Of every row that was given."""
    faults: Mapping[int, str]
    """By position, why a row cannot be read."""


def spec_of_inputs(name: str, fields: Sequence[Field]) -> TaskSpec:
    """Return the task that rows without labels are, before any of them is read."""
    return TaskSpec(name=name, fields=tuple(fields), target=_NOBODY, sources=())


def block_of_inputs(table: pa.Table, split: str, fields: Sequence[Field], *, root: Path | None) -> InputBlock:
    """Return rows of a block, each by itself as `task_of_inputs` reads it.

    A row is called by its own ``row_id``, else by its number: whether ids differ is not known of rows that pass by.

    Args:
        table: Rows with their numbers.
        split: What stands before a number; empty where there is one split alone.
        fields: Input fields, none of a table: what its cells mean is found in all rows.
        root: Folder that media paths are resolved against and may not leave.

    Raises:
        DataError: A column is missing, or is of another kind than its field.
    """
    require_columns(table, [field.name for field in fields], "input column")
    rows, faults = _read(table, split, Interpretation(fields=tuple(fields), types={}, notes=()), root)
    kept = [row for row in range(len(rows)) if row not in faults]
    ids = [f"{split}-{number}" if split else str(number) for number in numbers_of(table)]
    if "row_id" in table.column_names:
        own = table.column("row_id").to_pylist()
        ids = [name if value is None else str(value) for name, value in zip(ids, own, strict=True)]
    return InputBlock(rows=rows.table.take(kept).to_pylist() if kept else (), ids=ids, faults=faults)


def task_of_inputs(
    name: str,
    tables: Mapping[str, pa.Table],
    fields: Sequence[Field],
    *,
    root: Path | None,
    faults: Mapping[int, str] | None = None,
) -> Inputs:
    """Return rows without labels as a task that an encoder can be shown.

    Args:
        name: What the rows are called.
        tables: By split, ``train`` among them. A column ``row_id`` of different values names the rows; else they are
            called by their number from 1, and by their split where there are several.
        fields: Input fields; none = every column but ``row_id``, as a table.
        root: Folder that media paths are resolved against and may not leave.
        faults: By position in the only table, what is known already to be wrong with a row.

    Raises:
        DataError: A column is missing, or not one row can be read.
    """
    spec, meant = check_inputs(name, tables, fields)
    ids = {split: _ids(table, split if len(tables) > 1 else "") for split, table in tables.items()}
    made = {split: _read(table, split, meant, root) for split, table in tables.items()}
    found = {split: {**wrong, **(faults or {})} for split, (_, wrong) in made.items()}
    _refuse_nothing(found, ids)
    kept = {split: [row for row in range(len(ids[split])) if row not in found[split]] for split in tables}
    rows = {split: _kept(made[split][0], kept[split], meant.fields) for split in tables if kept[split]}
    named = {split: [ids[split][row] for row in kept[split]] for split in rows}
    notes = [note for table in tables.values() for note in notes_of(table)]
    strange = [str(cells) for table in tables.values() for cells in strange_cells(table, meant.types)]
    data = _data(rows, named, meant, root, file_of(tables["train"]) or name)
    return Inputs(
        spec=replace(spec, fields=meant.fields),
        data=replace(data, warnings=tuple(dict.fromkeys((*notes, *meant.notes, *strange)))),
        ids=ids,
        faults=found,
    )


def check_inputs(name: str, tables: Mapping[str, pa.Table], fields: Sequence[Field]) -> tuple[TaskSpec, Interpretation]:
    """Return the task that `tables` are without its rows, and what its columns mean; arguments and errors as above."""
    for table in tables.values():
        require_columns(table, [field.name for field in fields], "input column")
    spec = spec_of_inputs(name, fields)
    return spec, interpret(tables["train"], input_fields(spec, tables["train"]))


def _ids(table: pa.Table, split: str) -> list[str]:
    if "row_id" in table.column_names:
        own = [None if value is None else str(value) for value in table.column("row_id").to_pylist()]
        named = [value for value in own if value is not None]
        if len(set(named)) == len(own):
            return named
    return [f"{split}-{number}" if split else str(number) for number in numbers_of(table)]


def _read(table: pa.Table, split: str, meant: Interpretation, root: Path | None) -> tuple[Rows, dict[int, str]]:
    """Return all rows, with digests of their media, and by position why some cannot be read."""
    rows = Rows(
        table=conform(table, meant.fields, meant.types),
        labels=[None] * table.num_rows,
        numbers=numbers_of(table),
        split=split,
        file=file_of(table),
        media={},
    )
    faults = find_infinite(rows, meant.fields) | find_empty(rows, meant.fields)
    rows, unreadable = read_media(rows, meant.fields, root)
    return rows, {place: detail or reason for place, (reason, detail) in {**unreadable, **faults}.items()}


def _refuse_nothing(faults: Mapping[str, Mapping[int, str]], ids: Mapping[str, Sequence[str]]) -> None:
    """Refuse rows of which not one can be read, and a first table of which none can."""
    if len(faults["train"]) < len(ids["train"]):
        return
    first = [f"row {ids['train'][row]}: {why.rstrip('.')}" for row, why in sorted(faults["train"].items())[:3]]
    raise DataError(
        "not one row can be read" if ids["train"] else "no rows",
        got="; ".join(first) or "an empty table",
        fix="name the columns that hold the inputs, or repair them",
    )


def _kept(rows: Rows, places: Sequence[int], fields: Sequence[Field]) -> Rows:
    kept = rows if len(places) == len(rows) else rows.take(np.array(places, np.int64))
    return replace(kept, digests=row_digests(kept.table, fields, kept.media))


def _data(
    rows: Mapping[str, Rows], ids: Mapping[str, Sequence[str]], meant: Interpretation, root: Path | None, source: str
) -> TaskData:
    from datasets import Dataset

    identity = fingerprint(meant.fields, {split: (part.digests, part.labels) for split, part in rows.items()})
    zeros = {split: np.zeros(len(part)) for split, part in rows.items()}
    tables = {
        split: part.table.replace_schema_metadata(None).add_column(0, "row_id", pa.array(ids[split], pa.string()))
        for split, part in rows.items()
    }
    return TaskData(
        splits={split: Dataset(table, fingerprint=f"{identity[:16]}-{split}") for split, table in tables.items()},
        targets={split: own for split, own in zeros.items() if split != "test"},
        sealed={split: Sealed(Answers(targets=own)) for split, own in zeros.items() if split == "test"},
        classes=(),
        source=source,
        root=root,
        fingerprint=identity,
        digests={split: part.digests for split, part in rows.items()},
        fields=meant.fields,
        types={name: reading.to_dict() for name, reading in meant.types.items()},
    )
