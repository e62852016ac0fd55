"""Load a task: find its rows, clean them, divide them, number its labels."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import datasets
import pyarrow as pa

from modaxfer.contracts import Answers, Sealed, Taken, TaskData
from modaxfer.data.cells.columns import MEDIA
from modaxfer.data.fingerprint import fingerprint
from modaxfer.data.rows import Ledger, Rows, TooFewRowsError
from modaxfer.problems.labels.names import unseen
from modaxfer.registry import problem_of
from modaxfer.spec import TABLE, Field, TaskSpec
from modaxfer.tasks.division import Divided, Division
from modaxfer.tasks.intake import Intake
from modaxfer.tasks.memory import Memory
from modaxfer.tasks.partition import divide, limited
from modaxfer.tasks.reading import Asked, Read, read_rows, rows_drawn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["fields_of", "load_task"]

_GROWTH = 8
"""By how many times more rows are drawn where they were too few."""

_MOST, _MOST_SPARE = 100_000, 20
"""Rows that are drawn at most, and for each that the limit asks for: a file of equal rows would else be read whole."""


@dataclass(frozen=True, kw_only=True)
class _Whole:
    """All three splits of a task."""

    read: Read
    intake: Intake
    rows: dict[str, Rows]
    ledger: Ledger
    findings: tuple[str, ...]


def load_task(
    spec: TaskSpec,
    *,
    data_dir: str | Path | None = None,
    seed: int = 0,
    limit: int | None = None,
    test_limit: int | None = None,
    on_bad_row: str = "drop",
    partial: bool = False,
    division: Division | None = None,
    memory: Memory | None = None,
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
        test_limit: At most this many test rows; None is a quarter of `limit`.
        on_bad_row: ``drop`` counts and names unusable rows, ``fail`` refuses them.
        partial: Keep rows that lack an image or a sound as long as any field is filled: the model can do without.
        division: The part of the task that is wanted, made of the splits of the whole; None = the whole.
        memory: What the runs before this one have read; what is read now is kept there.

    Raises:
        DataError: No source has the rows, they do not fit the spec, or too few are left.
    """
    asked = Asked(
        spec=spec,
        data_dir=None if data_dir is None else str(data_dir),
        seed=seed,
        limit=limit,
        test_limit=test_limit,
        on_bad_row=on_bad_row,
        partial=partial,
    )
    kept = Memory(0) if memory is None else memory
    whole = kept.kept(("whole", asked), lambda: _whole(asked, kept), lambda made: _bytes(made.rows))
    data = _data(asked, whole)  # Each run's own: what it does with its rows is no other run's.
    return data if division is None else _part(asked, whole, data, division)


def _whole(asked: Asked, memory: Memory) -> _Whole:
    """Read a part of the rows that grows until enough of them are usable."""
    decoded = any(field.signal.kind in MEDIA for field in asked.spec.fields)
    limit = asked.limit or 0
    wanted = max(limit, asked.test_limit or 0)
    rows = rows_drawn(wanted, decoded=decoded) if limit else None
    most = max(_MOST, _MOST_SPARE * wanted, rows or 0)
    while True:
        read = _read(asked, rows, memory)
        all_read = not read.partly or (rows or 0) >= most
        try:
            whole = _divided(asked, read)
        except TooFewRowsError:
            if all_read:
                raise
        else:
            if all_read or len(whole.rows["train"]) >= limit:
                return whole
        rows = min(_GROWTH * (rows or 1), most)


def _read(asked: Asked, rows: int | None, memory: Memory) -> Read:
    """Read and clean `rows` rows drawn with the seed, or all, which no seed has a part in."""
    given = replace(asked, limit=None, test_limit=None, seed=asked.seed if rows is not None else 0)

    def weigh(read: Read) -> int:
        return 0 if isinstance(read.intake, TooFewRowsError) else _bytes(read.intake.rows)

    return memory.kept(("read", given, rows), lambda: read_rows(given, rows), weigh)


def _divided(asked: Asked, read: Read) -> _Whole:
    if isinstance(read.intake, TooFewRowsError):
        raise read.intake
    ledger = deepcopy(read.ledger)  # It goes on counting, for this seed and limit alone.
    rows, findings = divide(asked.spec, read.intake, asked.seed, ledger)
    if any(limit is not None for limit in asked.limits.values()):
        rows = limited(rows, asked.spec, read.intake.classes, asked.limits, asked.seed)
    return _Whole(read=read, intake=read.intake, rows=rows, ledger=ledger, findings=findings)


def _data(asked: Asked, whole: _Whole, divided: Divided | None = None) -> TaskData:
    """Return the whole, or the part of it that it was `divided` into."""
    intake, ledger, labels = whole.intake, whole.ledger, problem_of(asked.spec.target.problem).labels
    rows, classes, findings = whole.rows, intake.classes, whole.findings
    if divided is not None:
        rows, classes, findings = divided.rows, divided.classes, divided.notes
    identity = fingerprint(intake.fields, {split: (part.digests, part.labels) for split, part in rows.items()})
    answers = {
        split: Answers(targets=labels.encode(part.labels, classes), unseen=unseen(part.labels, classes))
        for split, part in rows.items()
    }
    sealed = {"test": Sealed(answers.pop("test"))}
    return TaskData(
        splits={split: _dataset(part, f"{identity[:16]}-{split}") for split, part in rows.items()},
        targets={split: own.targets for split, own in answers.items()},
        sealed=sealed,
        classes=classes,
        source=whole.read.source,
        root=whole.read.root,
        fingerprint=identity,
        digests={split: part.digests for split, part in rows.items()},
        dropped=dict(ledger.dropped),
        dropped_rows=tuple(ledger.lines),
        unseen={split: own.unseen for split, own in answers.items() if own.unseen},
        warnings=(*whole.read.notes, *intake.notes, *ledger.notes, *findings),
        fields=intake.fields,
        types={name: reading.to_dict() for name, reading in intake.types.items()},
    )


def _part(asked: Asked, whole: _Whole, data: TaskData, division: Division) -> TaskData:
    divided = division.divide(asked.spec, whole.rows, whole.intake, asked.seed, whole.ledger)
    taken = {
        split: Taken(fingerprint=data.fingerprint, splits={name: data.splits[name] for name in names}, rows=positions)
        for split, (names, positions) in divided.taken.items()
    }
    return replace(_data(asked, whole, divided), taken=taken)


def _bytes(rows: Mapping[str, Rows]) -> int:
    return sum(part.table.nbytes for part in rows.values())


def fields_of(spec: TaskSpec, data: TaskData) -> tuple[Field, ...]:
    """Return the input fields that `data` really has.

    A spec without fields takes every column as a table, constant table columns are dropped while loading, and a date
    is several fields.
    """
    if data.fields:
        return data.fields
    columns: Sequence[str] = data.splits["train"].column_names
    beside = {"row_id", *spec.keep, *spec.splits.columns}
    fields = spec.fields or tuple(Field(name=name, signal=TABLE) for name in columns if name not in beside)
    return tuple(field for field in fields if field.name in columns)


def _dataset(rows: Rows, identity: str) -> datasets.Dataset:
    # Without metadata: it could tell `datasets` to decode images and sounds at every access.
    table = rows.table.replace_schema_metadata(None)
    return datasets.Dataset(table.add_column(0, "row_id", pa.array(rows.ids(), pa.string())), fingerprint=identity)
