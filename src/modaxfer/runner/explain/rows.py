"""Which rows are explained: those of a file, or of a split of the run's own task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import TaskData
from modaxfer.errors import ConfigError, DataError
from modaxfer.registry import problem_of
from modaxfer.runner.evaluation.asked import asked
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.predict.given import find_rows
from modaxfer.runner.predict.predictor import Predictor, first_reasons
from modaxfer.spec import TaskSpec
from modaxfer.tasks.load import fields_of

__all__ = ["MOST_ROWS", "SPLITS", "Own", "Wanted", "of_given", "of_split", "own_rows"]

SPLITS = ("train", "validation", "test")

MOST_ROWS = 4
"""Rows that are explained where none is named: each takes hundreds of passes through the model."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A row that is to be explained."""

    number: int
    """From 1, in its file or split."""
    values: Mapping[str, Any]
    """Conformed, by field."""
    root: Path | None
    split: str = ""
    """Of the run's own task; empty of other rows."""
    row_id: str = ""
    label: Any = None
    """What is true of it, where that is known."""


@dataclass(frozen=True, kw_only=True)
class Own:
    """The rows that a run was made with."""

    task: TaskSpec
    data: TaskData

    def labels(self, split: str) -> tuple[np.ndarray, list[Any]]:
        """Return the true answers of a split as `modaxfer.metrics` takes them, and as people read them."""
        ask = asked(self.data, self.task, fields_of(self.task, self.data), split)
        shown = problem_of(self.task.target.problem).labels.show(ask.answers.targets, self.data.classes)
        named: list[Any] = [*shown]
        for row, names in ask.answers.unseen.items():
            named[row] = ", ".join(names)
        return ask.references, named


def own_rows(run: Path, *, partial: bool) -> Own:
    """Return the rows that `run` was made with.

    Raises:
        DataError: They are gone, or no longer the same; or the run failed, or has several tasks.
    """
    task, data = load_rows(run, partial=partial)
    return Own(task=task, data=data)


def of_split(own: Own, split: str, numbers: Sequence[int]) -> list[Wanted]:
    """Return rows of a split by their numbers, from 1.

    Raises:
        ConfigError: There is no such row.
    """
    rows = own.data.splits[split]
    _refuse_absent(numbers, len(rows), f"the {split} split")
    _, shown = own.labels(split)
    found = []
    for number in numbers:
        values = dict(rows[number - 1])
        row_id = str(values.pop("row_id"))
        found.append(
            Wanted(
                number=number,
                values=values,
                root=own.data.root,
                split=split,
                row_id=row_id,
                label=_plain(shown[number - 1]),
            )
        )
    return found


def of_given(data: Any, predictor: Predictor, numbers: Sequence[int]) -> tuple[list[Wanted], tuple[str, ...]]:
    """Return rows of a file, or of what `modaxfer.runner.predict.given.find_rows` takes, and what there is to know.

    Raises:
        DataError: There are none, or one that is wanted cannot be read.
        ConfigError: There is no such row.
    """
    given = find_rows(data, predictor.described.fields)
    conformed, reasons = predictor.conformed(given)
    _refuse_absent(numbers, conformed.num_rows, "the rows given")
    chosen = list(numbers) or list(range(1, min(MOST_ROWS, conformed.num_rows) + 1))
    unread = {number - 1: reasons[number - 1] for number in chosen if number - 1 in reasons}
    if unread:
        raise DataError("a row cannot be explained", got=first_reasons(unread), fix="name other rows with --row")
    rows = conformed.take(np.array(chosen) - 1).to_pylist()
    notes = list(given.notes)
    if not numbers and conformed.num_rows > MOST_ROWS:
        notes.append(f"the first {MOST_ROWS} of {conformed.num_rows} rows are explained; --row N names others")
    wanted = [
        Wanted(number=number, values=values, root=given.root) for number, values in zip(chosen, rows, strict=True)
    ]
    return wanted, tuple(notes)


def _refuse_absent(numbers: Sequence[int], count: int, where: str) -> None:
    for number in numbers:
        if not 1 <= number <= count:
            raise ConfigError(f"there is no such row in {where}", got=f"--row {number}", allowed=f"1 to {count}")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
