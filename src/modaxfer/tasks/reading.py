"""Read a task's rows and clean them, as the data gives them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modaxfer.data.cells.dotted import with_dotted
from modaxfer.data.origin import file_of, notes_of, total_of
from modaxfer.data.rows import Ledger, TooFewRowsError
from modaxfer.data.sources import Found, find_rows
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import close_matches
from modaxfer.registry import problem_of
from modaxfer.source_specs import StreamSource
from modaxfer.spec import TaskSpec
from modaxfer.tasks.intake import Intake, take_in
from modaxfer.tasks.partition import streamed_group

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Asked", "Read", "read_rows", "rows_drawn"]

_SPARE = 3
"""Rows drawn for each that the limit asks for, as splits are made of them and some are unusable."""

_POOL, _MEDIA_POOL = 5_000, 1_000
"""Rows that are drawn at least, so that classes keep their shares; fewer where each has to be decoded."""


def rows_drawn(wanted: int, *, decoded: bool) -> int:
    """Return how many rows are drawn first where `wanted` are wanted, and whether each has to be `decoded`."""
    return max(_SPARE * wanted, _MEDIA_POOL if decoded else _POOL)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What decides the splits of a whole task."""

    spec: TaskSpec
    data_dir: str | None
    seed: int
    limit: int | None
    test_limit: int | None
    on_bad_row: str
    partial: bool

    @property
    def limits(self) -> dict[str, int | None]:
        """How many rows of each split are kept at most; None = all."""
        other = None if self.limit is None else self.limit // 4
        return {"train": self.limit, "validation": other, "test": other if self.test_limit is None else self.test_limit}


@dataclass(frozen=True, kw_only=True)
class Read:
    """Clean rows as the data gave them, and what became of the others."""

    source: str
    root: Path | None
    notes: tuple[str, ...]
    partly: bool
    """Whether they were drawn from more."""
    intake: Intake | TooFewRowsError
    ledger: Ledger


def read_rows(asked: Asked, rows: int | None) -> Read:
    """Read and clean `rows` rows drawn with the seed, or all.

    Raises:
        DataError: No source has the rows, or they do not fit the spec.
    """
    ledger = Ledger(asked.on_bad_row)
    found = find_rows(asked.spec, asked.data_dir, _selection(asked.spec, rows, asked.seed))
    partly = any(total_of(table) > table.num_rows for table in found.tables.values())
    found = _with_labels(asked.spec, _with_dotted(asked.spec, found))
    intake: Intake | TooFewRowsError
    try:
        intake = take_in(asked.spec, found, ledger, partial=asked.partial)
    except TooFewRowsError as error:
        intake = error
    notes = (*found.warnings, *_notes(asked.spec, found))
    return Read(source=found.source, root=found.root, notes=notes, partly=partly, intake=intake, ledger=ledger)


def _selection(spec: TaskSpec, rows: int | None, seed: int) -> Selection:
    named = (*(field.name for field in spec.fields), *spec.target.read_from)
    beside = (*spec.keep, *spec.splits.columns)
    columns = frozenset((*named, *beside)) if spec.fields else None
    label = spec.target.column if problem_of(spec.target.problem).labels.drawn_by_label else None
    if rows is None:
        return Selection(columns=columns)
    return Selection(columns=columns, draw=Draw(rows=rows, seed=seed, label=label, group=streamed_group(spec)))


def _with_dotted(spec: TaskSpec, found: Found) -> Found:
    """Return `found` with a column for each name of `spec` that leads into objects."""
    names = (*(field.name for field in spec.fields), *spec.target.read_from, *spec.keep, *spec.splits.columns)
    return replace(found, tables={split: with_dotted(table, names) for split, table in found.tables.items()})


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


def _notes(spec: TaskSpec, found: Found) -> tuple[str, ...]:
    tables: Mapping[str, pa.Table] = found.tables
    drawn = [
        f"{table.num_rows:,} of {total_of(table):,} rows of {split} were drawn for the limit, before cleaning; what is "
        "counted is counted among them"
        for split, table in tables.items()
        # Of a stream the table's own note says how many were kept.
        if total_of(table) > table.num_rows and not any(isinstance(source, StreamSource) for source in spec.sources)
    ]
    return (*(note for table in tables.values() for note in notes_of(table)), *drawn)
