"""Rows that a report shows beside its mistakes: of which the model was least sure, and whose label is likely wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from modaxfer.metrics.doubtful import doubted_labels, least_sure, rateable
from modaxfer.runner.folder import OUT_OF_FOLD

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
    """Rows whose label is likely wrong, the likeliest first."""
    labels_found: int = 0
    """How many those are in all."""
    rows: int = 0
    """How many were looked at."""
    where: str = "test"
    """Whose rows those are: ``test``, ``validation and test``, or ``all folds``."""


class Held(NamedTuple):
    """Rows that the model was not trained on."""

    row_ids: Sequence[str]
    """Of each row, as are the others."""
    splits: Sequence[str]
    labels: np.ndarray
    scores: np.ndarray


def doubts_of(folder: Path, predictions: Predictions | None) -> Doubts:
    """Return what is doubted of the run in `folder`; nothing where its rows have no single label with probabilities.

    Labels are doubted by confident learning (`modaxfer.metrics.confident_learning`) on the rows of all folds, each by
    the model that was not trained on it, where there are any; else on validation and test rows together. A run that
    saw no labels of its task keeps no validation rows.
    """
    test = rated(predictions) if predictions is not None else None
    if predictions is None or test is None:
        return Doubts()
    folds = _kept(folder / OUT_OF_FOLD, predictions)
    validation = _kept(folder / "validation.parquet", predictions)
    held = folds or _joined(validation, test)
    found, count = doubted_labels(held.labels, held.scores)
    names = predictions.classes
    return Doubts(
        least_sure=tuple(_unsure(test, row, names) for row in least_sure(test.scores)),
        labels=tuple(_doubted(held, row, names) for row in found),
        labels_found=count,
        rows=len(held.labels),
        where="all folds" if held is folds else "test" if held is test else "validation and test",
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


def _kept(path: Path, predictions: Predictions) -> Held | None:
    """Read what the run keeps of other rows; None where it keeps nothing, or not which rows they are."""
    import pyarrow.parquet as pq

    table = pq.read_table(path) if path.is_file() else None
    if table is None or "row_id" not in table.column_names:
        return None
    known = [name for name in predictions.classes if f"score:{name}" in table.column_names]
    scores = np.stack([table.column(f"score:{name}").to_numpy() for name in known], 1)
    place = {name: number for number, name in enumerate(known)}
    labels = np.array([place.get(str(name), len(known)) for name in table.column("target").to_pylist()], np.int64)
    ids = [str(row) for row in table.column("row_id").to_pylist()]
    folds = table.column("fold").to_pylist() if "fold" in table.column_names else None
    splits = ["validation"] * len(ids) if folds is None else [f"fold {number}" for number in folds]
    return Held(ids, splits, labels, scores) if rateable(labels, scores) else None


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
    told = " against ".join(f"{names[each]} ({held.scores[row, each]:.3f})" for each in (first, second))
    return Doubt(held.row_ids[row], held.splits[row], names[held.labels[row]], names[first], told)


def _doubted(held: Held, row: int, names: Sequence[str]) -> Doubt:
    given, said = held.labels[row], int(held.scores[row].argmax())
    told = " against ".join(f"{names[each]} ({held.scores[row, each]:.3f})" for each in (said, given))
    return Doubt(held.row_ids[row], held.splits[row], names[given], names[said], told)
