"""A number per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from modaxfer.contracts import Judge, Label, Mistaken, Shortage, Simple
from modaxfer.data.cells.labels import LabelReading, learn_labels, values_of
from modaxfer.data.cells.numerals import is_text_type, number_note, unusual
from modaxfer.data.cells.readings import present_text
from modaxfer.data.origin import file_of
from modaxfer.errors import DataError
from modaxfer.problems.labels.guesses import GUESSES
from modaxfer.problems.labels.names import refuse_lists
from modaxfer.problems.labels.skew import skew_note
from modaxfer.problems.labels.strata import stratified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scipy.sparse import csr_array

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field, Target

__all__ = ["ValueLabels"]

_BINS = 10


class ValueLabels:
    """A number per row. Targets and predictions are float64 ``[rows]`` in the target's unit; there are no scores."""

    drawn_by_label = False
    one_class = False
    many_columns = False

    def learn(self, table: pa.Table, target: Target, *, settled: bool = False) -> LabelReading:
        """Find out how the numbers are written."""
        return learn_labels(table, target.column)

    def refine(self, table: pa.Table, target: Target) -> tuple[Target, str]:
        """Return `target`: there is nothing to find out."""
        return target, ""

    def read(self, table: pa.Table, target: Target, learned: LabelReading) -> list[Label]:
        """Return values; NaN stands for one that is no number.

        Raises:
            DataError: The column holds lists, or its numbers can be read in two ways.
        """
        refuse_lists(table, target)
        if learned.doubt:
            raise DataError(
                "the labels cannot be read as numbers", file=file_of(table) or None, column=target.column,
                got=learned.doubt, fix="write them as plain numbers with a decimal point",
            )  # fmt: skip
        return list(values_of(table.column(target.column), learned))

    def notes(self, tables: Sequence[pa.Table], target: Target, learned: LabelReading) -> tuple[str, ...]:
        """Say how numbers in text were read, where that may surprise, and where a few of them decide."""
        column, name = tables[0].column(target.column), f"label column {target.column!r}"
        notes = [skew_note(name, values_of(column, learned))]
        if is_text_type(column.type):
            present = present_text(column)
            shown = unusual(present) if learned.numerals.plain else present
            notes.insert(0, number_note(name, shown, learned.numerals) if shown else "")
        return tuple(note for note in notes if note)

    def class_names(self, labels: Iterable[Label], target: Target) -> tuple[str, ...]:
        """Return nothing: there are no classes."""
        return ()

    def shortage(self, labels: Sequence[Label], classes: Sequence[str], *, parted: bool) -> Shortage | None:
        """Say whether all values are the same."""
        present = set(labels)
        if len(present) > 1:
            return None
        got = ", ".join(map(str, present))
        return Shortage(what="the label never varies", got=got, fix="add rows with another label")

    def encode(self, labels: Sequence[Label], classes: Sequence[str]) -> np.ndarray:
        """Return float64 ``[rows]``."""
        return np.asarray(labels, dtype=np.float64)

    def references(
        self, targets: np.ndarray, unseen: Mapping[int, tuple[str, ...]], strange: Sequence[str], classes: int
    ) -> np.ndarray:
        """Return `targets`: a number names no class."""
        return targets

    def strata(self, targets: np.ndarray) -> csr_array:
        """Return quantile bins."""
        bins = max(1, min(_BINS, len(targets) // 10))
        edges = np.unique(np.quantile(targets, np.linspace(0, 1, bins + 1)[1:-1]))
        return stratified(np.searchsorted(edges, targets, side="right"))

    def show(
        self, values: np.ndarray, classes: Sequence[str], unseen: Mapping[int, tuple[str, ...]] | None = None
    ) -> list[Any]:
        """Return a number per row."""
        return [float(value) for value in values]

    def parse(self, shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
        """Return float64 ``[rows]``."""
        return np.asarray(shown, dtype=np.float64)

    def guesses(
        self, references: np.ndarray, train: np.ndarray, classes: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Say the targets of training rows."""
        for guess in generator.choice(train, size=(GUESSES, len(references))):
            yield guess, None

    def constant(self, references: np.ndarray, train: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Say the mean training target."""
        return np.full(len(references), train.mean(), dtype=np.float64), None

    def simple(self, data: TaskData, fields: Sequence[Field], *, seed: int, judge: Judge | None = None) -> Simple:
        """Fit a regression; see `modaxfer.baselines.simple.fit_simple`."""
        from modaxfer.baselines.simple import fit_simple

        return fit_simple(data, fields=fields, seed=seed, judge=judge)

    def mistakes(
        self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
    ) -> Iterator[tuple[float, Mistaken]]:
        """Yield errors; the largest come first."""
        for row, error in enumerate((np.asarray(predictions, np.float64) - references).tolist()):
            if error != 0:
                yield abs(error), Mistaken(row, error, -1)

    def class_counts(
        self, targets: Sequence[Any], predicted: Sequence[Any], classes: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return nothing: there are no classes."""
        none = np.zeros(0, np.int64)
        return none, none, none
