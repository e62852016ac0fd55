"""Which rows and columns cannot be used, and why. Nothing is dropped here: callers hand the findings to a `Ledger`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells.columns import MEDIA
from modaxfer.data.media import inspect_media

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.data.rows import Fault, Rows
    from modaxfer.spec import Field

__all__ = [
    "conflicts",
    "constant_columns",
    "few_distinct",
    "find_duplicates",
    "find_empty",
    "find_infinite",
    "find_label_faults",
    "find_unequal",
    "read_media",
    "too_coarse",
]

_LARGEST = 1e150
"""Largest regression target: the squares of larger ones cannot be added up."""

_COARSE = 0.5
"""Share of distinct rows below which a table is too coarse for equal rows to mean the same observation."""


def find_label_faults(rows: Rows, classes: Sequence[str]) -> dict[int, Fault]:
    """Find rows whose label is missing, no finite number, or none of `classes` (where any are given).

    An empty text among the tags of a row stands for one that is missing.
    """
    faults: dict[int, Fault] = {}
    known = set(classes)
    for position, label in enumerate(rows.labels):
        if label is None:
            faults[position] = "missing_label", "missing label"
        elif isinstance(label, float):
            if np.isnan(label):
                faults[position] = "label_not_a_number", "the label is not a number"
            elif abs(label) > _LARGEST:
                faults[position] = "infinite_label", f"the label is infinite or beyond {_LARGEST:g}"
        elif isinstance(label, tuple) and "" in label:
            faults[position] = "missing_tag", f"tag {label.index('') + 1} of {len(label)} is missing"
        elif known and (strange := set(label if isinstance(label, tuple) else (label,)) - known):
            faults[position] = (
                "unknown_label",
                f"label {', '.join(sorted(map(str, strange)))!r} is no class of the task",
            )
    return faults


def find_unequal(rows: Rows, fields: Sequence[Field], usual: int) -> dict[int, Fault]:
    """Find rows that have more or fewer tags than words; or than rows usually have, where their parts have no name.

    Args:
        rows: Rows of one split, with tags as labels.
        fields: Input fields.
        usual: Tags of most training rows.
    """
    words = next((field.name for field in fields if field.signal.kind == "words"), None)
    counts = None if words is None else pc.fill_null(pc.list_value_length(rows.table.column(words)), 0).to_pylist()
    faults: dict[int, Fault] = {}
    for position, label in enumerate(rows.labels):
        if not isinstance(label, tuple):
            continue
        if counts is not None and len(label) != counts[position]:
            detail = f"{counts[position]} words in column {words!r} and {len(label)} tags"
            faults[position] = "words_and_tags_differ", detail
        elif counts is None and len(label) != usual:
            faults[position] = "other_number_of_tags", f"{len(label)} tags, where most rows have {usual}"
    return faults


def find_empty(rows: Rows, fields: Sequence[Field], *, partial: bool = False) -> dict[int, Fault]:
    """Find rows without input: an image or sound is missing (unless `partial`), or every other field is blank."""
    filled = {field: _filled(rows.table.column(field.name), field.signal.kind) for field in fields}
    media = [values for field, values in filled.items() if field.signal.kind in MEDIA]
    every = media and not partial
    usable = np.all(media, axis=0) if every else np.any(list(filled.values()), axis=0)
    return {int(position): ("empty_input", "no input") for position in np.flatnonzero(~usable)}


def find_infinite(rows: Rows, fields: Sequence[Field]) -> dict[int, Fault]:
    """Find rows with an infinite number in a table column; missing numbers are allowed."""
    faults: dict[int, Fault] = {}
    for field in fields:
        column = rows.table.column(field.name)
        if field.signal.kind == "table" and pa.types.is_floating(column.type):
            for position in np.flatnonzero(np.isinf(column.to_numpy(zero_copy_only=False))):
                faults.setdefault(int(position), ("infinite_input", f"column {field.name!r} is infinite"))
    return faults


def read_media(
    rows: Rows, fields: Sequence[Field], root: Path | None, notes: list[str] | None = None
) -> tuple[Rows, dict[int, Fault]]:
    """Decode every image and sound once; return the rows with media digests and those that cannot be read.

    Args:
        rows: Rows of one split.
        fields: Input fields.
        root: Folder that paths are resolved against and may not leave.
        notes: Filled with what a reader of the scores should know of the others.
    """
    faults: dict[int, Fault] = {}
    media: dict[str, Sequence[bytes]] = {}
    for field in fields:
        kind = field.signal.kind
        if kind not in MEDIA:
            continue
        column = rows.table.column(field.name)
        there = np.flatnonzero(_filled(column, kind)).tolist()
        said: list[str] = []
        findings = dict(zip(there, inspect_media(column.take(there).to_pylist(), kind, root, said), strict=True))
        if notes is not None:
            notes += [f"{field.name} in {rows.split}: {note}" for note in said]
        for position, finding in findings.items():
            if isinstance(finding, str):
                faults.setdefault(position, (f"unreadable_{kind}", finding))
        digests = (findings.get(position, b"") for position in range(len(column)))
        media[field.name] = [digest if isinstance(digest, bytes) else b"" for digest in digests]
    return replace(rows, media=media), faults


def find_duplicates(rows: Rows) -> dict[int, Fault]:
    """Find rows whose inputs and label repeat those of an earlier row."""
    first: dict[tuple[bytes, str], int] = {}
    faults: dict[int, Fault] = {}
    for position, (digest, label) in enumerate(zip(rows.digests, rows.labels, strict=True)):
        earlier = first.setdefault((digest, repr(label)), position)
        if earlier != position:
            faults[position] = "duplicate", f"same inputs and label as row {rows.numbers[earlier]}"
    return faults


def conflicts(rows: Rows) -> int:
    """Count distinct inputs that carry two or more labels."""
    pairs = {(digest, repr(label)) for digest, label in zip(rows.digests, rows.labels, strict=True)}
    return sum(count > 1 for count in Counter(digest for digest, _ in pairs).values())


def few_distinct(rows: Rows, fields: Sequence[Field]) -> bool:
    """Tell whether rows are a table so coarse that equal rows are separate observations, not copies."""
    return too_coarse(rows.digests, fields)


def too_coarse(digests: Sequence[bytes], fields: Sequence[Field]) -> bool:
    """Tell the same of rows with these `digests`."""
    only_table = all(field.signal.kind == "table" for field in fields)
    return only_table and len(set(digests)) < _COARSE * len(digests)


def constant_columns(rows: Rows, fields: Sequence[Field]) -> tuple[str, ...]:
    """Return the table columns that hold one value throughout; a gap counts as a value."""
    names = [field.name for field in fields if field.signal.kind == "table"]
    return tuple(name for name in names if pc.count_distinct(rows.table.column(name), mode="all").as_py() <= 1)


def _filled(column: pa.ChunkedArray, kind: str) -> np.ndarray:
    """Return bool ``[rows]``: True where the value is not blank."""
    if kind in MEDIA and pa.types.is_struct(column.type):
        data, path = (_filled(pc.struct_field(column, name), kind) for name in ("bytes", "path"))
        either: np.ndarray = np.logical_or(data, path)
        return either
    present = pc.is_valid(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        blank = pc.equal(pc.utf8_trim_whitespace(column), "")
        present = pc.and_(present, pc.invert(pc.fill_null(blank, True)))
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        present = pc.fill_null(pc.greater(pc.list_value_length(column), 0), False)
    elif pa.types.is_binary(column.type):
        present = pc.and_(present, pc.greater(pc.fill_null(pc.binary_length(column), 0), 0))
    return np.array(present.to_numpy(zero_copy_only=False), dtype=np.bool_)
