"""A class per row."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.contracts import UNSEEN, Judge, Label, Mistaken, Shortage, Simple
from modaxfer.data.cells.labels import LabelReading, learn_labels, spellings
from modaxfer.data.origin import is_typed
from modaxfer.problems.labels.doubts import class_doubt
from modaxfer.problems.labels.guesses import class_guesses
from modaxfer.problems.labels.names import class_order, indicators, refuse_lists, settled_reading
from modaxfer.problems.labels.strata import stratified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scipy.sparse import csr_array

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field, Target

__all__ = ["ClassLabels"]


class ClassLabels:
    """A class per row. Targets and predictions are int64 class numbers ``[rows]``, scores ``[rows, classes]``.

    Args:
        count: How many classes there must be; None = two or more.
    """

    drawn_by_label = True
    one_class = True
    many_columns = False

    def __init__(self, count: int | None = None) -> None:
        self.count = count

    def learn(self, table: pa.Table, target: Target, *, settled: bool = False) -> LabelReading:
        """Find out whether labels are whole numbers, truth values or text."""
        return settled_reading(table, target) if settled else learn_labels(table, target.column)

    def refine(self, table: pa.Table, target: Target) -> tuple[Target, str]:
        """Return `target`: there is nothing to find out."""
        return target, ""

    def read(self, table: pa.Table, target: Target, learned: LabelReading) -> list[Label]:
        """Return classes: strings without surrounding white space, in Unicode's composed form.

        Where all labels are whole numbers they are written without ``.0``. In a file without types what pandas takes
        for a gap is a missing label.

        Raises:
            DataError: The column holds lists.
        """
        refuse_lists(table, target)
        typed = is_typed(table, target.column)
        cells = table.column(target.column).to_pylist()
        return [learned.name(cell, typed=typed, classes=target.classes) for cell in cells]

    def notes(self, tables: Sequence[pa.Table], target: Target, learned: LabelReading) -> tuple[str, ...]:
        """Return which spellings are one class, which cells were taken for missing, and whether these are classes."""
        if pa.types.is_nested(tables[0].column(target.column).type):
            return ()
        doubt = class_doubt(tables[0], target, learned)
        said = spellings(tables, target.column, learned, target.classes).notes(target.column)
        return (*((doubt,) if doubt else ()), *said)

    def class_names(self, labels: Iterable[Label], target: Target) -> tuple[str, ...]:
        """Return the target's own classes, else those of `labels`: whole numbers by value, others by alphabet."""
        return target.classes or class_order(labels)

    def shortage(self, labels: Sequence[Label], classes: Sequence[str], *, parted: bool) -> Shortage | None:
        """Say whether there is a single class, another number of them than asked for, or only rows of their own."""
        present = Counter(labels)
        if len(present) < 2:
            got = ", ".join(map(str, present))
            return Shortage(what="the training rows hold a single class", got=got, fix="add rows with another label")
        if self.count is not None and len(classes) != self.count:
            return Shortage(
                what="a binary task has two classes" if self.count == 2 else f"the task has {self.count} classes",
                got=", ".join(classes),
                fix="ask for the problem type multiclass",
            )
        if parted and max(present.values()) == 1:
            return Shortage(
                what="every class has a single row, so none can be tested",
                got=f"{len(present)} classes in {len(labels)} rows",
                fix="add rows of these classes, or name another label column",
            )
        return None

    def encode(self, labels: Sequence[Label], classes: Sequence[str]) -> np.ndarray:
        """Return int64 ``[rows]``, `UNSEEN` for a label that is none of `classes`."""
        number = {name: index for index, name in enumerate(classes)}
        return np.asarray([number.get(str(label), UNSEEN) for label in labels], dtype=np.int64)

    def references(
        self, targets: np.ndarray, unseen: Mapping[int, tuple[str, ...]], strange: Sequence[str], classes: int
    ) -> np.ndarray:
        """Return `targets` in which each strange class has a number of its own."""
        numbered, place = targets.copy(), {name: number for number, name in enumerate(strange)}
        for row, (name,) in unseen.items():
            numbered[row] = classes + place[name]
        return numbered

    def strata(self, targets: np.ndarray) -> csr_array:
        """Return one stratum per class that occurs."""
        return stratified(targets)

    def show(
        self, values: np.ndarray, classes: Sequence[str], unseen: Mapping[int, tuple[str, ...]] | None = None
    ) -> list[Any]:
        """Return a class name per row."""
        strange = unseen or {}
        return [strange[row][0] if row in strange else classes[int(value)] for row, value in enumerate(values)]

    def parse(self, shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
        """Return int64 ``[rows]``."""
        return self.encode(shown, classes)

    def guesses(
        self, references: np.ndarray, train: np.ndarray, classes: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield rounds in which every row says each class once, with equal scores per class."""
        scores = np.full((len(references), classes), 1 / classes)
        for guess in class_guesses(classes, len(references), generator):
            yield guess, scores

    def constant(self, references: np.ndarray, train: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Say the most common class; scores are the classes' shares in training."""
        rows, shares = len(references), np.bincount(train, minlength=classes) / len(train)
        return np.full(rows, shares.argmax()), np.tile(shares, (rows, 1))

    def simple(self, data: TaskData, fields: Sequence[Field], *, seed: int, judge: Judge | None = None) -> Simple:
        """Fit a classifier; see `modaxfer.baselines.simple.fit_simple`."""
        from modaxfer.baselines.simple import fit_simple

        return fit_simple(data, fields=fields, seed=seed, judge=judge)

    def mistakes(
        self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
    ) -> Iterator[tuple[float, Mistaken]]:
        """Yield wrong rows; a model is as sure as the wrong class's score."""
        for row in np.flatnonzero(references != predictions).tolist():
            score = math.nan if scores is None else float(scores[row, predictions[row]])
            yield score, Mistaken(row, score, -1)

    def class_counts(
        self, targets: Sequence[Any], predicted: Sequence[Any], classes: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count rows."""
        wanted, said = indicators(targets, classes), indicators(predicted, classes)
        return (wanted & said).sum(0), wanted.sum(0), said.sum(0)
