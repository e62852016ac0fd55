"""Rows that a report shows beside its mistakes: of which the model was least sure, and whose label is likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modaxfer.metrics.doubtful import doubted_labels, least_sure, rateable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modaxfer.reports.predictions import Predictions

__all__ = ["Doubt", "Doubts", "Held", "doubts_of", "rated"]


class Doubt(NamedTuple):
    """One row to look at."""

    row_id: str
    split: str
    target: str
    predicted: str
    """The likeliest class."""
    note: str
    """What the model says of both, in words."""


@dataclass(frozen=True)
class Doubts:
    """What is doubted of a run."""

    least_sure: tuple[Doubt, ...] = ()
    """Test rows whose two likeliest classes are closest, the closest first."""
    labels: tuple[Doubt, ...] = ()
    """Validation and test rows whose label is likely wrong, the likeliest first."""
    labels_found: int = 0
    """How many those are in all."""
    rows: int = 0
    """How many were looked at."""
    has_validation: bool = False
    """Whether validation rows are among them."""


class Held(NamedTuple):
    """Rows that the model was not trained on."""

    row_ids: Sequence[str]
    """Of each row, as are the others."""
    splits: Sequence[str]
    labels: np.ndarray
    scores: np.ndarray


def doubts_of(folder: Path, predictions: Predictions | None) -> Doubts:
    """Return what is doubted of the run in `folder`; nothing where its rows have no single label with probabilities.

    Labels are doubted by confident learning (`modaxfer.metrics.confident_learning`) on validation and test rows
    together; a run that saw no labels of its task keeps no validation rows.
    """
    test = rated(predictions) if predictions is not None else None
    if predictions is None or test is None:
        return Doubts()
    held = _joined(_validation(folder, predictions), test)
    found, count = doubted_labels(held.labels, held.scores)
    names = predictions.classes
    return Doubts(
        least_sure=tuple(_unsure(test, row, names) for row in least_sure(test.scores)),
        labels=tuple(_doubted(held, row, names) for row in found),
        labels_found=count,
        rows=len(held.labels),
        has_validation=held is not test,
    )


def rated(predictions: Predictions) -> Held | None:
    """Return test rows that have one label and a probability per class each; None where they have not."""
    labels = predictions.labels.parse(predictions.targets, predictions.classes)
    scores = predictions.scores
    if scores is None or scores.dtype == object:
        return None
    # Classes that only rows hold come last and have no score.
    scores = scores[:, ~np.isnan(scores).all(0)]
    if not rateable(labels, scores) or scores.shape[1] < 2:
        return None
    return Held(predictions.row_ids, ["test"] * len(labels), labels, scores)


def _validation(folder: Path, predictions: Predictions) -> Held | None:
    """Read what the run keeps of its validation rows; None where it keeps nothing, or not which rows they are."""
    import pyarrow.parquet as pq

    path = folder / "validation.parquet"
    table = pq.read_table(path) if path.is_file() else None
    if table is None or "row_id" not in table.column_names:
        return None
    known = [name for name in predictions.classes if f"score:{name}" in table.column_names]
    scores = np.stack([table.column(f"score:{name}").to_numpy() for name in known], 1)
    place = {name: number for number, name in enumerate(known)}
    labels = np.array([place.get(str(name), len(known)) for name in table.column("target").to_pylist()], np.int64)
    ids = [str(row) for row in table.column("row_id").to_pylist()]
    return Held(ids, ["validation"] * len(ids), labels, scores) if rateable(labels, scores) else None


def _joined(validation: Held | None, test: Held) -> Held:
    if validation is None or validation.scores.shape[1] != test.scores.shape[1]:
        return test
    return Held(
        [*validation.row_ids, *test.row_ids],
        [*validation.splits, *test.splits],
        np.concatenate([validation.labels, test.labels]),
        np.concatenate([validation.scores, test.scores]),
    )


def _unsure(held: Held, row: int, names: Sequence[str]) -> Doubt:
    second, first = np.argsort(held.scores[row], kind="stable")[-2:]
    told = " against ".join(f"{names[each]} {held.scores[row, each]:.3f}" for each in (first, second))
    return Doubt(held.row_ids[row], held.splits[row], names[held.labels[row]], names[first], told)


def _doubted(held: Held, row: int, names: Sequence[str]) -> Doubt:
    given, said = held.labels[row], int(held.scores[row].argmax())
    told = " against ".join(f"{names[each]} {held.scores[row, each]:.3f}" for each in (said, given))
    return Doubt(held.row_ids[row], held.splits[row], names[given], names[said], told)
