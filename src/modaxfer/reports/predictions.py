"""The test predictions of a run, and what they show beyond the scores: per class, confusions, mistakes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.errors import AmbiguousNameError, UnknownNameError
from modaxfer.metrics.mistakes import MOST, surest
from modaxfer.metrics.ragged_scores import score_array
from modaxfer.metrics.spans import spans_line
from modaxfer.problems.guess import guess_stored
from modaxfer.problems.labels.names import named
from modaxfer.registry import problem_of, problem_spec
from modaxfer.reports.scores import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyarrow

    from modaxfer.contracts import LabelType, Mistaken
    from modaxfer.result import Result

__all__ = [
    "ClassScore",
    "Mistake",
    "Predictions",
    "class_scores",
    "confusion",
    "mistakes",
    "predictions_of",
    "read_predictions",
]

SCORE = "score:"
_OWN = ("row_id", "target", "prediction", "cluster", "group", "scores")


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Rows of predictions.parquet. Targets are class names, tuples of them (multi-label) or numbers (regression)."""

    problem: str
    """Registered name of what the target asks for."""
    row_ids: tuple[str, ...]
    targets: tuple[Any, ...]
    predicted: tuple[Any, ...]
    classes: tuple[str, ...] = ()
    scores: np.ndarray | None = None
    """float64 ``[rows, classes]``, NaN where a class has no score column; or of each row's parts, object ``[rows]``."""
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further columns that whoever wrote the file chose to store, as text."""

    @property
    def labels(self) -> LabelType:
        """How targets and predictions are read and compared."""
        return problem_of(self.problem).labels

    @property
    def numeric(self) -> bool:
        """Whether targets are numbers."""
        return any(isinstance(target, float) for target in self.targets)


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """One class on the test split; a precision or recall without any row to count is NaN."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    """Test rows of this class."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One wrong prediction."""

    row_id: str
    target: str
    predicted: str
    score: float | None
    """Score of the wrong class; the error (prediction minus target) in regression; None where nothing was stored."""
    of: str = ""
    """The class that `score` belongs to, in multi-label problems."""
    beside: Mapping[str, str] = field(default_factory=dict)


def predictions_of(result: Result, folder: Path) -> Predictions | None:
    """Read the predictions of the run in `folder` as its `result` says what they are; None where there are none."""
    return read_predictions(folder, tuple(result.data.get("classes") or ()), str(result.data.get("problem") or ""))


def read_predictions(folder: Path, classes: Sequence[str] = (), problem: str = "") -> Predictions | None:
    """Read the predictions of the run in `folder`; None where there are none.

    Args:
        folder: A run.
        classes: Class order; else that of the score columns, else sorted.
        problem: Registered name of what the target asks for; else it is guessed from what is stored.
    """
    import pyarrow.parquet as pq

    path = folder / "predictions.parquet"
    if not path.is_file():
        return None
    table = pq.read_table(path)
    known = tuple(map(str, classes)) or _scored(table)
    kind = table.schema.field("target").type
    if not _is_installed(problem):
        problem = guess_stored(kind, known)
    targets, predicted = (_values(table.column(name).to_pylist(), kind, known) for name in ("target", "prediction"))
    seen = {label for value in (*targets, *predicted) for label in named(value)}
    # Names that only rows hold come last, so that none is left out.
    names = (*known, *sorted(seen - set(known)))
    return Predictions(
        problem=problem,
        row_ids=tuple(str(row) for row in table.column("row_id").to_pylist()),
        targets=targets,
        predicted=predicted,
        classes=names,
        scores=_scores(table, names),
        beside={
            name: tuple("" if value is None else str(value) for value in table.column(name).to_pylist())
            for name in table.column_names
            if name not in _OWN and not name.startswith(SCORE)
        },
    )


def class_scores(predictions: Predictions) -> tuple[ClassScore, ...]:
    """Return precision, recall, F1 and support of each class, in class order; nothing where there are no classes."""
    counted = predictions.labels.class_counts(predictions.targets, predictions.predicted, predictions.classes)
    hits, support, claims = counted
    return tuple(
        ClassScore(
            name=name,
            precision=_ratio(hits[index], claims[index]),
            recall=_ratio(hits[index], support[index]),
            f1=_ratio(2 * hits[index], support[index] + claims[index]),
            support=int(support[index]),
        )
        for index, name in enumerate(predictions.classes)
    )


def confusion(predictions: Predictions) -> np.ndarray:
    """Count rows by target and prediction: int64 ``[classes, classes]``, targets down, predictions across."""
    number = {name: index for index, name in enumerate(predictions.classes)}
    counts = np.zeros((len(number), len(number)), dtype=np.int64)
    for target, predicted in zip(predictions.targets, predictions.predicted, strict=True):
        counts[number[target], number[predicted]] += 1
    return counts


def mistakes(predictions: Predictions, count: int = MOST) -> tuple[Mistake, ...]:
    """Return up to `count` wrong predictions: the surest first, the largest errors first in regression."""
    labels = predictions.labels
    targets, predicted = (
        labels.parse(each, predictions.classes) for each in (predictions.targets, predictions.predicted)
    )
    found = surest(labels.mistakes(targets, predicted, predictions.scores), count)
    return tuple(_mistake(predictions, item) for item in found)


def _mistake(predictions: Predictions, item: Mistaken) -> Mistake:
    shown = spans_line if problem_spec(predictions.problem).ragged else _shown
    return Mistake(
        row_id=predictions.row_ids[item.row],
        target=shown(predictions.targets[item.row]),
        predicted=shown(predictions.predicted[item.row]),
        score=None if math.isnan(item.score) else item.score,
        of=predictions.classes[item.label] if item.label >= 0 else "",
        beside={name: values[item.row] for name, values in predictions.beside.items()},
    )


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "(none)"
    return amount(value) if isinstance(value, float) else str(value)


def _is_installed(problem: str) -> bool:
    """Tell whether `problem` is known here; the plugin that brings it may be gone."""
    try:
        problem_spec(problem)
    except (AmbiguousNameError, UnknownNameError):
        return False
    return True


def _scored(table: pyarrow.Table) -> tuple[str, ...]:
    return tuple(name.removeprefix(SCORE) for name in table.column_names if name.startswith(SCORE))


def _values(values: Sequence[Any], kind: pyarrow.DataType, classes: Sequence[str]) -> tuple[Any, ...]:
    """Return numbers, tuples of class names or class names, as the type of the stored column says."""
    import pyarrow as pa

    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return tuple(tuple(str(label) for label in value or ()) for value in values)
    if not classes and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return tuple(float(value) for value in values)
    return tuple(str(value) for value in values)


def _scores(table: pyarrow.Table, classes: Sequence[str]) -> np.ndarray | None:
    if "scores" in table.column_names:
        return score_array(table.column("scores").to_pylist())
    present = [SCORE + name in table.column_names for name in classes]
    if not any(present):
        return None
    scores = np.full((table.num_rows, len(classes)), np.nan)
    for index, name in enumerate(classes):
        if present[index]:
            values = table.column(SCORE + name).to_pylist()
            scores[:, index] = [math.nan if value is None else value for value in values]
    return scores


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
