"""Predictions beside the rows they were made for: one shape in Python, csv, JSON and parquet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.given import Given, shown_column
from modaxfer.metrics.ragged_scores import as_written, score_lists

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["OWN", "SCORE", "Predicted", "flat", "records"]

SCORE = "score:"
"""In front of a class's name: the column of its scores."""

OWN = ("row", "prediction", "scores", "reason")
"""Names of what is added to a row; a column of the row that is called so is shown as ``given:NAME``."""


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What the model says of some rows, in their order."""

    predictions: list[Any]
    """Class names, lists of them (multi-label), or numbers; None for a row that could not be read."""
    scores: np.ndarray | None
    """Probabilities ``[rows, classes]``, NaN for a row that could not be read; of rows with a prediction for each part
    an object array ``[rows]`` of one probability per part, None for a row that could not be read; None for a
    regression."""
    classes: tuple[str, ...]
    given: Given
    """The rows as they were read."""
    reasons: Mapping[int, str] = field(default_factory=dict)
    """By position of each row that has no prediction: why."""
    warnings: tuple[str, ...] = ()
    """What was left out, assumed or could not be read, one line each."""
    calibrated: np.ndarray | None = None
    """Of the shape of `scores`: those that decide, of outputs divided by the temperature; None as there."""


def records(made: Predicted) -> list[dict[str, Any]]:
    """Return one mapping per row.

    Its keys: ``row`` (from 1), the columns that were given (of images and sounds their file names), ``prediction``,
    for classes ``scores`` by class (a list where each part of a row is predicted), and ``reason``. Where ``prediction``
    is None so are ``scores``, and ``reason`` says why; else that is None.
    """
    inputs = {name: values.to_pylist() for name, values in _inputs(made).items()}
    found, lists = [], _lists(made)
    whole = None if lists is not None or made.scores is None else as_written(made.scores)
    for place, value in enumerate(made.predictions):
        record = {"row": place + 1, **{name: values[place] for name, values in inputs.items()}, "prediction": value}
        if lists is not None:
            record["scores"] = lists[place]
        elif whole is not None:
            known = dict(zip(made.classes, map(float, whole[place]), strict=True))
            record["scores"] = None if place in made.reasons else known
        found.append({**record, "reason": made.reasons.get(place)})
    return found


def flat(made: Predicted) -> pa.Table:
    """Return the same as a table: scores in a column per class, ``score:CLASS``, or in one of lists, ``scores``."""
    import pyarrow as pa

    rows = len(made.predictions)
    columns: dict[str, Any] = {"row": pa.array(range(1, rows + 1), pa.int64()), **_inputs(made)}
    several = any(isinstance(value, list) for value in made.predictions)
    columns["prediction"] = pa.array(made.predictions, pa.list_(pa.string()) if several else None)
    lists = _lists(made)
    if lists is not None:
        columns["scores"] = pa.array(lists, pa.list_(pa.float64()))
    for place, name in enumerate(made.classes if made.scores is not None and lists is None else ()):
        assert made.scores is not None, "asked above"
        columns[SCORE + name] = pa.array(as_written(made.scores[:, place]), from_pandas=True)
    columns["reason"] = pa.array([made.reasons.get(place) for place in range(rows)], pa.string())
    return pa.table(columns)


def _lists(made: Predicted) -> list[list[float | None] | None] | None:
    """Return the scores of each row's parts; None where rows have one per class, or none."""
    if made.scores is None or made.scores.dtype != object:
        return None
    written = np.empty(len(made.scores), object)
    for row, own in enumerate(made.scores):
        written[row] = None if own is None else as_written(np.asarray(own))
    return score_lists(written)


def _inputs(made: Predicted) -> dict[str, Any]:
    import pyarrow as pa

    table, shown = made.given.table, made.given.shown
    named: dict[str, Any] = {}
    for name in table.column_names:
        column = pa.array(shown[name], pa.string()) if name in shown else shown_column(table.column(name))
        named[_free(name, named)] = column
    return named


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in OWN or name.startswith(SCORE) or name in taken:
        name = f"given:{name}"
    return name
