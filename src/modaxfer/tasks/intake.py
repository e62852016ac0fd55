"""From tables as read to clean rows: typed columns, labels, unusable rows and columns taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from modaxfer.data.cells.columns import conform, is_media, require_columns
from modaxfer.data.cells.dotted import dotted_names, with_dotted
from modaxfer.data.cells.interpret import interpret, row_counters, strange_cells
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.cleaning import (
    constant_columns,
    find_empty,
    find_infinite,
    find_label_faults,
    find_unequal,
    read_media,
)
from modaxfer.data.fingerprint import row_digests
from modaxfer.data.origin import file_of, numbers_of
from modaxfer.data.rows import Ledger, Rows, TooFewRowsError
from modaxfer.errors import DataError, close_matches
from modaxfer.problems import TagLabels
from modaxfer.problems.labels.names import named
from modaxfer.registry import problem_of
from modaxfer.spec import TABLE, Field, TaskSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modaxfer.data.cells.interpret import Interpretation
    from modaxfer.data.cells.readings import Reading
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
    types: Mapping[str, Reading]
    """By table field, how its cells are read."""
    notes: tuple[str, ...]
    """What was left out, converted or taken for missing, one line each."""


def take_in(spec: TaskSpec, found: Found, ledger: Ledger, *, partial: bool = False) -> Intake:
    """Type, label and clean the rows of every split; `partial` ones, without an image or a sound, are kept where asked.

    Raises:
        DataError: A column is absent or of the wrong kind, or no input column varies.
    """
    train = found.tables["train"]
    named = input_fields(spec, train)
    for table in found.tables.values():
        require_columns(table, spec.target.read_from, "label column")
        require_columns(table, (*(field.name for field in named), *spec.splits.group, *spec.splits.disjoint))
    meant = interpret(train, named)
    fields = meant.fields
    labels = problem_of(spec.target.problem).labels
    learned = labels.learn(train, spec.target)
    rows = {split: _rows(spec, meant, learned, split, table) for split, table in found.tables.items()}
    notes = (*_left_out(spec, train, named), *meant.notes, *_told(spec, found.tables, meant, learned))
    parts = labels.usual(rows["train"].labels) if isinstance(labels, TagLabels) else None
    _require_classes(spec, rows)
    rows = {split: _cleaned(part, spec, fields, found.root, ledger, partial, parts) for split, part in rows.items()}
    classes = labels.class_names(rows["train"].labels, spec.target)
    constant = constant_columns(rows["train"], fields) if len(rows["train"]) else ()
    fields = tuple(field for field in fields if field.name not in constant)
    if not fields:
        raise TooFewRowsError("every input column holds one value only", got=constant, fix="give a column that varies")
    ledger.dropped.update({"constant_columns": len(constant)} if constant else {})
    rows = {split: _without(part, constant, fields) for split, part in rows.items()}
    types = {field.name: meant.types[field.name] for field in fields if field.name in meant.types}
    return Intake(rows=rows, fields=fields, classes=classes, constant=constant, types=types, notes=notes)


def _require_classes(spec: TaskSpec, rows: Mapping[str, Rows]) -> None:
    """Check that the classes that a task names are those of its rows, where rows have others beside.

    A class that is only rare may be absent; one that is misspelt leaves labels that are of no class.

    Raises:
        DataError: A class stands in no row, and a label is no class.
    """
    if not spec.target.classes:
        return
    labels = {
        str(name) for part in rows.values() for label in part.labels if label is not None for name in named(label)
    }
    absent = [name for name in spec.target.classes if name not in labels]
    strange = sorted(labels - {*spec.target.classes, ""})
    if absent and strange:
        close = [f"{name} is written {near[0]}" for name in absent if (near := close_matches(name, strange, count=1))]
        raise DataError(
            f"task {spec.name!r} names classes that no row has, and rows have labels that are no class of it",
            column=spec.target.column,
            got=f"classes {', '.join(map(repr, absent))}; labels {', '.join(map(repr, strange[:5]))}",
            allowed="Target.classes as the rows write them",
            fix="; ".join(close) or "correct the task's Target.classes, or the labels of the rows",
        )


def input_fields(spec: TaskSpec, table: pa.Table) -> tuple[Field, ...]:
    """Return the fields of `spec`; where it names none, every column of `table` but target and kept ones, as a table.

    Columns that only number the rows and columns of structures are no inputs unless a spec names them.

    Raises:
        DataError: No column is left, or beside objects none that does more than number the rows; one holds encoded
            files, or one has the reserved name ``row_id``.
    """
    names = _candidates(spec, table)
    flat = [name for name in names if name not in _structures(table, names)]
    counting = row_counters(table, flat) if not spec.fields else ()
    inputs = [name for name in flat if name not in counting] or flat
    fields = spec.fields or tuple(Field(name=name, signal=TABLE) for name in inputs)
    file = file_of(table) or None
    if not spec.fields and flat and set(flat) <= set(counting) and (way := _ways_in(table, _structures(table, names))):
        raise DataError(
            "what is left beside the label only numbers the rows",
            file=file,
            got=[*flat, *(f"{name} (objects)" for name in _structures(table, names))],
            allowed="a column or a part of objects that says something of its row",
            fix=f"name a part of the objects, such as {way[0]}",
        )
    if not fields:
        raise DataError("no input column", file=file, got=table.column_names, fix="add a column beside the label")
    for field in fields:
        if field.name == "row_id":
            raise DataError(
                "the column name is reserved",
                file=file,
                column="row_id",
                fix="rename the column, or leave it out with --ignore row_id",
            )
        if not spec.fields and is_media(table.column(field.name)):
            raise DataError(
                "the column holds encoded files and no input column was named", file=file, column=field.name,
                fix=f"name the input columns, for example --image {field.name}, or leave it out: --ignore {field.name}",
            )  # fmt: skip
    return fields


def _kept_columns(spec: TaskSpec) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*spec.keep, *spec.splits.columns)))


def _candidates(spec: TaskSpec, table: pa.Table) -> list[str]:
    beside = {*spec.target.read_from, *_kept_columns(spec), *spec.ignore}
    return [name for name in table.column_names if name not in beside]


def _structures(table: pa.Table, names: Sequence[str]) -> list[str]:
    return [n for n in names if pa.types.is_nested(table.column(n).type) and not is_media(table.column(n))]


def _left_out(spec: TaskSpec, table: pa.Table, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return a line on each column that is no input though the spec names none."""
    if spec.fields:
        return ()
    names, used = _candidates(spec, table), {field.name for field in fields}
    counting = [
        f"column {name!r} only numbers the rows"
        + (", but there is no other input" if name in used else f" and was left out; --number {name!r} takes it in")
        for name in row_counters(table, names)
    ]
    nested = [
        f"column {name!r} holds structures ({table.column(name).type}) and was left out{_way_in(table, name)}"
        for name in _structures(table, names)
    ]
    return (*counting, *nested)


def _way_in(table: pa.Table, name: str) -> str:
    ways = _ways_in(table, [name])
    return f"; {ways[0]} takes in a part of it" if ways else ""


def _ways_in(table: pa.Table, names: Sequence[str]) -> list[str]:
    """Return the flags that take in parts of the objects in the columns `names`, those of texts first."""
    parts = dotted_names(table.select(list(names)))
    taken = with_dotted(table, parts)
    types = {part: taken.column(part).type for part in parts if part in taken.column_names}
    texts = [f"--text {part}" for part, kind in types.items() if is_text_type(kind)]
    beside = [part for part, kind in types.items() if not (is_text_type(kind) or pa.types.is_nested(kind))]
    return texts + [f"--number {part}" for part in beside]


def _told(spec: TaskSpec, tables: Mapping[str, pa.Table], meant: Interpretation, learned: Any) -> tuple[str, ...]:
    """Return what was found in cells of the splits: values that cannot be read, labels merged or taken for missing."""
    strange = []
    for split, table in tables.items():
        where = "" if split == "train" else f"{split}: "
        strange += [f"{where}{cells}; each counts as a gap" for cells in strange_cells(table, meant.types)]
    ordered = [tables["train"], *(table for split, table in tables.items() if split != "train")]
    return (*strange, *problem_of(spec.target.problem).labels.notes(ordered, spec.target, learned))


def _rows(spec: TaskSpec, meant: Interpretation, learned: Any, split: str, table: pa.Table) -> Rows:
    inputs = conform(table, meant.fields, meant.types)
    for name in _kept_columns(spec):
        if name not in inputs.column_names and name in table.column_names:
            inputs = inputs.append_column(name, table.column(name))
    return Rows(
        table=inputs,
        labels=problem_of(spec.target.problem).labels.read(table, spec.target, learned),
        numbers=numbers_of(table),
        split=split,
        file=file_of(table),
        media={},
    )


def _cleaned(
    rows: Rows,
    spec: TaskSpec,
    fields: tuple[Field, ...],
    root: Path | None,
    ledger: Ledger,
    partial: bool,
    parts: int | None,
) -> Rows:
    # The last reason found for a row is the one that counts.
    faults = {} if parts is None else find_unequal(rows, fields, parts)
    faults |= find_infinite(rows, fields) | find_empty(rows, fields, partial=partial)
    faults |= find_label_faults(rows, spec.target.classes)
    rows, unreadable = read_media(ledger.drop(rows, faults), fields, root, ledger.notes)
    return ledger.drop(rows, unreadable)


def _without(rows: Rows, columns: tuple[str, ...], fields: tuple[Field, ...]) -> Rows:
    table = rows.table.drop_columns(list(columns)) if columns else rows.table
    return replace(rows, table=table, digests=row_digests(table, fields, rows.media))
