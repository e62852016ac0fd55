"""From tables as read to clean rows: typed columns, labels, unusable rows and columns taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.data.cleaning import constant_columns, find_empty, find_infinite, find_label_faults, read_media
from modaxfer.data.columns import conform, is_media, require_columns, table_types
from modaxfer.data.fingerprint import row_digests
from modaxfer.data.origin import file_of
from modaxfer.data.rows import Ledger, Rows
from modaxfer.data.targets import class_order, read_labels
from modaxfer.errors import DataError
from modaxfer.spec import TABLE, Field, Problem, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from modaxfer.data.sources import Found

__all__ = ["Intake", "input_fields", "take_in"]


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Clean rows by split as the data gave them, not yet divided further."""

    rows: Mapping[str, Rows]
    fields: tuple[Field, ...]
    """Input fields that are left: constant table columns are gone."""
    classes: tuple[str, ...]
    """Empty for regression."""
    constant: tuple[str, ...]


def take_in(spec: TaskSpec, found: Found, ledger: Ledger, *, partial: bool = False) -> Intake:
    """Type, label and clean the rows of every split; `partial` ones, without an image or a sound, are kept where asked.

    Raises:
        DataError: A column is absent or of the wrong kind, or no input column varies.
    """
    fields = input_fields(spec, found.tables["train"])
    for table in found.tables.values():
        require_columns(table, [spec.target.column], "label column")
        require_columns(table, (*(field.name for field in fields), *spec.splits.group, *spec.splits.disjoint))
    types = table_types(list(found.tables.values()), fields)
    rows = {split: _rows(spec, fields, types, split, table) for split, table in found.tables.items()}
    rows = {split: _cleaned(part, spec, fields, found.root, ledger, partial) for split, part in rows.items()}
    classes = (
        () if spec.target.problem is Problem.REGRESSION else spec.target.classes or class_order(rows["train"].labels)
    )
    constant = constant_columns(rows["train"], fields) if len(rows["train"]) else ()
    fields = tuple(field for field in fields if field.name not in constant)
    if not fields:
        raise DataError("every input column holds one value only", got=constant, fix="give a column that varies")
    ledger.dropped.update({"constant_columns": len(constant)} if constant else {})
    rows = {split: _without(part, constant, fields) for split, part in rows.items()}
    return Intake(rows=rows, fields=fields, classes=classes, constant=constant)


def input_fields(spec: TaskSpec, table: pa.Table) -> tuple[Field, ...]:
    """Return the fields of `spec`; where it names none, every column of `table` but target and kept ones, as a table.

    Raises:
        DataError: No column is left, one holds encoded files, or one has the reserved name ``row_id``.
    """
    beside = {spec.target.column, *_kept_columns(spec)}
    fields = spec.fields or tuple(Field(name=name, signal=TABLE) for name in table.column_names if name not in beside)
    file = file_of(table) or None
    if not fields:
        raise DataError("no input column", file=file, got=table.column_names, fix="add a column beside the label")
    for field in fields:
        if field.name == "row_id":
            raise DataError("the column name is reserved", file=file, column="row_id", fix="rename the column")
        if not spec.fields and is_media(table.column(field.name)):
            raise DataError(
                "the column holds encoded files and no input column was named", file=file, column=field.name,
                fix=f"name the input columns, for example --image {field.name}",
            )  # fmt: skip
    return fields


def _kept_columns(spec: TaskSpec) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*spec.keep, *spec.splits.group, *spec.splits.disjoint)))


def _rows(spec: TaskSpec, fields: tuple[Field, ...], types: Mapping[str, str], split: str, table: pa.Table) -> Rows:
    inputs = conform(table, fields, types)
    for name in _kept_columns(spec):
        if name not in inputs.column_names and name in table.column_names:
            inputs = inputs.append_column(name, table.column(name))
    return Rows(
        table=inputs,
        labels=read_labels(table, spec.target),
        numbers=np.arange(1, table.num_rows + 1),
        split=split,
        file=file_of(table),
        media={},
    )


def _cleaned(
    rows: Rows, spec: TaskSpec, fields: tuple[Field, ...], root: Path | None, ledger: Ledger, partial: bool
) -> Rows:
    # The first reason found for a row is the one that counts.
    faults = find_infinite(rows, fields) | find_empty(rows, fields, partial=partial)
    faults |= find_label_faults(rows, spec.target.classes)
    rows, unreadable = read_media(ledger.drop(rows, faults), fields, root, ledger.notes)
    return ledger.drop(rows, unreadable)


def _without(rows: Rows, columns: tuple[str, ...], fields: tuple[Field, ...]) -> Rows:
    table = rows.table.drop_columns(list(columns)) if columns else rows.table
    return replace(rows, table=table, digests=row_digests(table, fields, rows.media))
