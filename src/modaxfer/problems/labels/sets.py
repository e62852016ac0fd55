"""Any number of labels per row."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import csr_array

from modaxfer.contracts import Judge, Label, Mistaken, Shortage, Simple
from modaxfer.data.cells.labels import LabelReading, learn_labels
from modaxfer.data.cells.numerals import is_text_type
from modaxfer.data.origin import is_typed
from modaxfer.problems.labels.flags import read_flags
from modaxfer.problems.labels.guesses import class_guesses
from modaxfer.problems.labels.names import class_order, indicators, named, settled_reading
from modaxfer.problems.labels.separators import separator_of_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field, Target

__all__ = ["SetLabels"]


class SetLabels:
    """A set of labels per row. Targets are 0/1 ``[rows, labels]``, float32; predictions int64, scores probabilities."""

    drawn_by_label = True
    one_class = False
    many_columns = True

    def learn(self, table: pa.Table, target: Target, *, settled: bool = False) -> LabelReading:
        """Find out whether cells are texts of lists."""
        if target.columns:
            return LabelReading()
        return settled_reading(table, target) if settled else learn_labels(table, target.column)

    def refine(self, table: pa.Table, target: Target) -> tuple[Target, str]:
        """Find the mark between the labels of a cell of text."""
        if target.columns:
            return target, ""
        cells = table.column(target.column)
        if pa.types.is_nested(cells.type) or learn_labels(table, target.column).listed:
            return target, ""
        mark = separator_of_labels(cells.unique().to_pylist())
        return replace(target, separator=mark), f", separated by {mark!r}"

    def read(self, table: pa.Table, target: Target, learned: LabelReading) -> list[Label]:
        """Return the labels of each row, by alphabet; of several columns those that hold 1.

        In a file without types an empty cell means "no label", elsewhere null means that the label is missing.

        Raises:
            DataError: One of several columns holds anything but 0 and 1.
        """
        if target.columns:
            return read_flags(table, target.columns)
        typed = is_typed(table, target.column)
        cells = table.column(target.column).to_pylist()
        return [learned.names(cell, target.separator, typed=typed, classes=target.classes) for cell in cells]

    def notes(self, tables: Sequence[pa.Table], target: Target, learned: LabelReading) -> tuple[str, ...]:
        """Say how cells are taken apart, where that may surprise."""
        if target.columns or pa.types.is_nested(tables[0].column(target.column).type):
            return ()
        if learned.listed:
            return (f"label column {target.column!r}: the text of lists is read as several labels",)
        return _unparted(tables[0], target)

    def class_names(self, labels: Iterable[Label], target: Target) -> tuple[str, ...]:
        """Return the target's own labels, else those that occur: whole numbers by value, others by alphabet."""
        return target.classes or class_order(labels)

    def shortage(self, labels: Sequence[Label], classes: Sequence[str], *, parted: bool) -> Shortage | None:
        """Say whether no row has any label."""
        if any(named(label) for label in labels):
            return None
        return Shortage(what="no training row has any label", got="empty sets only", fix="add rows with labels")

    def encode(self, labels: Sequence[Label], classes: Sequence[str]) -> np.ndarray:
        """Return float32 0/1 ``[rows, classes]``; a label that is none of `classes` has no column."""
        return indicators(labels, classes).astype(np.float32)

    def references(
        self, targets: np.ndarray, unseen: Mapping[int, tuple[str, ...]], strange: Sequence[str], classes: int
    ) -> np.ndarray:
        """Return `targets` with a column for each strange label behind them."""
        place = {name: number for number, name in enumerate(strange)}
        more = np.zeros((len(targets), len(strange)), targets.dtype)
        for row, names in unseen.items():
            more[row, [place[name] for name in names]] = 1
        return np.concatenate([targets, more], axis=1)

    def strata(self, targets: np.ndarray) -> csr_array:
        """Return one stratum per label, and one for rows without any."""
        return csr_array(np.column_stack([targets > 0, ~(targets > 0).any(axis=1)]))

    def show(
        self, values: np.ndarray, classes: Sequence[str], unseen: Mapping[int, tuple[str, ...]] | None = None
    ) -> list[Any]:
        """Return a list of names per row."""
        strange = unseen or {}
        known = ([classes[int(place)] for place in np.flatnonzero(row)] for row in values)
        return [[*names, *strange.get(row, ())] for row, names in enumerate(known)]

    def parse(self, shown: Sequence[Any], classes: Sequence[str]) -> np.ndarray:
        """Return int64 0/1 ``[rows, classes]``."""
        return indicators(shown, classes).astype(np.int64)

    def guesses(
        self, references: np.ndarray, train: np.ndarray, classes: int, generator: np.random.Generator
    ) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Toss a coin for each label, and toss it back."""
        scores = np.full((len(references), classes), 1 / 2)
        for guess in class_guesses(2, (len(references), classes), generator):
            yield guess, scores

    def constant(self, references: np.ndarray, train: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Say each label that most training rows have; scores are the labels' shares in training."""
        rows, shares = len(references), train.mean(0)
        return np.tile((shares > 0.5).astype(np.int64), (rows, 1)), np.tile(shares, (rows, 1))

    def simple(self, data: TaskData, fields: Sequence[Field], *, seed: int, judge: Judge | None = None) -> Simple:
        """Fit a classifier per label; see `modaxfer.baselines.simple.fit_simple`."""
        from modaxfer.baselines.simple import fit_simple

        return fit_simple(data, fields=fields, seed=seed, judge=judge)

    def mistakes(
        self, references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None
    ) -> Iterator[tuple[float, Mistaken]]:
        """Yield rows with a wrong label, the surest of them: scores are probabilities, so it is distance from a half.

        References may have more columns than predictions: no model says labels that train lacks.
        """
        more = references.shape[1] - predictions.shape[1]
        predicted = np.pad(predictions > 0, ((0, 0), (0, more)))
        if scores is not None:
            scores = np.pad(scores.astype(float), ((0, 0), (0, more)), constant_values=np.nan)
        wrong = (references > 0) != predicted
        for row in np.flatnonzero(wrong.any(axis=1)).tolist():
            labels = np.flatnonzero(wrong[row])
            if scores is None:
                yield math.nan, Mistaken(row, math.nan, int(labels[0]))
                continue
            sure = np.abs(scores[row, labels] - 0.5)
            place = int(np.argmax(np.nan_to_num(sure, nan=-1.0)))
            yield float(sure[place]), Mistaken(row, float(scores[row, labels[place]]), int(labels[place]))

    def class_counts(
        self, targets: Sequence[Any], predicted: Sequence[Any], classes: Sequence[str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Count rows."""
        wanted, said = indicators(targets, classes), indicators(predicted, classes)
        return (wanted & said).sum(0), wanted.sum(0), said.sum(0)


def _unparted(table: pa.Table, target: Target) -> tuple[str, ...]:
    column = table.column(target.column)
    if not is_text_type(column.type) or pc.any(pc.match_substring(column, target.separator)).as_py():
        return ()
    return (
        f"label column {target.column!r}: no cell holds {target.separator!r}, so every row has one label; "
        "several labels are parted by ; | , or /",
    )
