"""What a task promises of its rows, each asked of a task as it is loaded; see `modaxfer.testing.checks.tasks`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from modaxfer.contracts import TaskData
from modaxfer.data.media import read_image, read_sound
from modaxfer.data.sources import find_rows
from modaxfer.errors import DataError
from modaxfer.registry import problem_of
from modaxfer.spec import SPLITS, TABLE, TaskSpec
from modaxfer.tasks.load import fields_of, load_task
from modaxfer.testing.check import fail

__all__ = [
    "TaskCase",
    "require_apart",
    "require_known_labels",
    "require_readable",
    "require_same_again",
    "require_splits",
    "task_case",
]

ROWS = 3
"""Of each split, whose inputs are decoded."""


@dataclass(frozen=True, kw_only=True)
class TaskCase:
    """A task with its rows, as a source gives them and as a run has them."""

    spec: TaskSpec
    data: TaskData
    tables: Mapping[str, pa.Table]

    def __str__(self) -> str:
        return f"task {self.spec.name} from {self.data.source}"


def task_case(spec: TaskSpec, data_dir: Path | None = None) -> TaskCase:
    """Return the task with the rows of its first source that has them; folders lie in `data_dir`, see `load_task`."""
    return TaskCase(spec=spec, data=load_task(spec, data_dir=data_dir), tables=find_rows(spec, data_dir).tables)


def require_splits(case: TaskCase) -> None:
    """Require rows in train, validation and test, each with a name of its own, and each class in train."""
    data = case.data
    if empty := [split for split in SPLITS if not data.rows.get(split)]:
        fail(
            f"{case} has no rows in a split", got=data.rows, allowed=f"some in {', '.join(SPLITS)}", fix=f"fill {empty}"
        )
    names = [name for rows in data.splits.values() for name in rows["row_id"]]
    if len(set(names)) != len(names):
        fail(
            f"{case} has two rows of one name", got=f"{len(names) - len(set(names))} names twice", fix="name rows apart"
        )
    train = data.targets["train"]
    if len(train) != data.rows["train"]:
        fail(f"{case} does not have one target of each row", got=len(train), allowed=data.rows["train"])
    if train.ndim == 1 and train.dtype != object and data.classes:
        missing = [name for number, name in enumerate(data.classes) if not (train == number).any()]
        if missing:
            fail(f"{case} has classes without a row in train", got=missing, fix="name the classes that there are")


def require_known_labels(case: TaskCase) -> None:
    """Require that every label is one of the classes, and every number finite."""
    target, labels = case.spec.target, problem_of(case.spec.target.problem).labels
    learned = labels.learn(case.tables["train"], target)
    for split, table in case.tables.items():
        found = labels.read(table, target, learned)
        flat = {one for label in found for one in (label if isinstance(label, tuple) else (label,)) if one is not None}
        strange = sorted(str(one) for one in flat if not _is_known(one, case.data.classes))
        if strange:
            fail(
                f"{case} has labels in {split} that are none of its classes",
                got=strange[:5],
                allowed=case.data.classes or "finite numbers",
                fix="name every class in Target.classes, or leave such rows out in the reader",
            )


def require_apart(case: TaskCase) -> None:
    """Require that no row, and no group of rows, stands in two splits."""
    for one, other in combinations(case.data.splits, 2):
        shared = set(case.data.digests[one]) & set(case.data.digests[other])
        if shared and _identify(case):
            fail(
                f"{case} has rows in {one} and in {other}",
                got=f"{len(shared)} with the same inputs",
                allowed="each in one split",
                fix="set SplitPolicy.disjoint_inputs, so that train gives them up",
            )
        for columns in filter(None, (case.spec.splits.group, case.spec.splits.disjoint)):
            if both := _values(case, one, columns) & _values(case, other, columns):
                fail(
                    f"{case} has groups in {one} and in {other}",
                    got=f"{', '.join(columns)}: {sorted(map(str, both))[:3]}",
                    fix="let the reader part rows by group",
                )


def _identify(case: TaskCase) -> bool:
    """Return whether equal inputs mean the same row: not in a table so coarse that labels of equal rows differ.

    There, to take such rows from train would leave it without the commonest ones.
    """
    if any(field.signal.kind != TABLE.kind for field in case.spec.fields):
        return True
    labels: dict[bytes, set[str]] = {}
    for digest, label in zip(case.data.digests["train"], case.data.targets["train"], strict=True):
        labels.setdefault(digest, set()).add(str(label))
    return all(len(each) == 1 for each in labels.values())


def require_same_again(case: TaskCase, again: TaskCase) -> None:
    """Require that to load a task again is to have the same rows, in the same order and splits."""
    if case.data.fingerprint != again.data.fingerprint:
        fail(f"{case} has other rows each time", got="two fingerprints", fix="draw from the seed alone, and sort files")
    for split, rows in case.data.splits.items():
        if list(rows["row_id"]) != list(again.data.splits[split]["row_id"]):
            fail(f"{case} parts its rows in another way each time", got=split, fix="draw from the seed alone")


def require_readable(case: TaskCase) -> None:
    """Require that the inputs of rows can be read: media decoded, paths found, texts that say something."""
    data = case.data
    for field in fields_of(case.spec, data):
        for rows in data.splits.values():
            for row in range(min(ROWS, len(rows))):
                if problem := _unreadable(field.signal.kind, rows[row][field.name], data):
                    fail(
                        f"{case}: {field.name} of row {rows[row]['row_id']} cannot be read as {field.signal}",
                        got=problem,
                        fix="correct the field's signal, or let the reader give bytes or paths below its folder",
                    )
    columns = {*case.spec.keep, *case.spec.splits.group, *case.spec.splits.disjoint}
    if missing := sorted(columns - set(data.splits["train"].column_names)):
        fail(f"{case} keeps columns that its rows do not have", got=missing, fix="let the reader give them")


def _is_known(label: Any, classes: tuple[str, ...]) -> bool:
    return label in classes if classes else isinstance(label, int | float) and bool(np.isfinite(label))


def _values(case: TaskCase, split: str, columns: tuple[str, ...]) -> set[tuple[Any, ...]]:
    rows = case.data.splits[split]
    values = zip(*(rows[name] for name in columns), strict=True)
    return {row for row in values if any(part is not None for part in row)}


def _unreadable(kind: str, value: Any, data: TaskData) -> str:
    """Return why a value is no input of this kind; empty where it is one, or is blank."""
    try:
        if value is None:
            return ""
        if kind == "image":
            read_image(value, data.root)
        elif kind == "audio":
            read_sound(value, data.root, rate=None, seconds=1.0)
        elif kind == "text" and not isinstance(value, str):
            return f"a {type(value).__name__}"
        elif kind == "words" and not all(isinstance(word, str) for word in value):
            return "no list of words"
    except DataError as error:
        return str(error)
    return ""
