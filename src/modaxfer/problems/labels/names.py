"""What labels of every kind share: the classes they name, and those that no training row has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.data.cells.labels import LabelReading, learn_labels
from modaxfer.data.origin import file_of
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modaxfer.contracts import Label
    from modaxfer.spec import Target

__all__ = ["class_order", "indicators", "named", "refuse_lists", "settled_reading", "unseen"]

_WHOLE = re.compile(r"-?\d+")


def named(label: Any) -> tuple[str, ...]:
    """Return the classes that `label`, read or as `LabelType.show` writes it, names; a number names none."""
    if isinstance(label, str):
        return (label,)
    return tuple(str(name) for name in label) if isinstance(label, tuple | list) else ()


def class_order(labels: Iterable[Label]) -> tuple[str, ...]:
    """Return the distinct classes in `labels`: by value where all are whole numbers, else by alphabet."""
    found = {name for label in labels for name in named(label)}
    if found and all(_WHOLE.fullmatch(name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def unseen(labels: Sequence[Label], classes: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """Return row position to those of its labels that are none of `classes`; rows without any are left out."""
    known = set(classes)
    strange = ((row, tuple(name for name in named(label) if name not in known)) for row, label in enumerate(labels))
    return {row: names for row, names in strange if names}


def indicators(shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
    """Return bool ``[rows, classes]``: the classes that each of `shown` names; others have no column."""
    number = {name: index for index, name in enumerate(classes)}
    marks = np.zeros((len(shown), len(number)), dtype=bool)
    for row, label in enumerate(shown):
        marks[row, [number[name] for name in named(label) if name in number]] = True
    return marks


def settled_reading(table: pa.Table, target: Target) -> LabelReading:
    """Return how the labels of new rows are written, so that they are the names that a model has: 1.0 is its class 1.

    Raises:
        DataError: The labels are objects, names with values.
    """
    whole = bool(target.classes) and all(name.lstrip("+-").isdigit() for name in target.classes)
    words = {name.lower(): name for name in target.classes}
    truth = words if set(words) <= {"true", "false"} else {}
    return replace(learn_labels(table, target.column), whole=whole, truth=truth)


def refuse_lists(table: pa.Table, target: Target) -> None:
    """Refuse a label column of lists.

    Raises:
        DataError: It is one.
    """
    column = table.column(target.column)
    if pa.types.is_nested(column.type):
        raise DataError(
            "the label column holds lists", file=file_of(table) or None, column=target.column,
            got=str(column.type), fix="ask for the problem type multilabel",
        )  # fmt: skip
