"""Reason codes: which fields of a row speak against it, in points.

Each field in turn is given the value of a reference, the others are left, and the model is asked again: what the log
odds gain is what the field costs the row. Of a model that is a sum over fields this is the difference of a scorecard's
points (Siddiqi 2006, chapter 6; FinRegLab 2022 calls it one-at-a-time attribution); of others, effects of several
fields at once are credited to each. Any run that predicts two classes can be asked, whatever its encoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from modaxfer.errors import DataError

__all__ = ["POINTS_TO_DOUBLE", "Asked", "Reason", "points_against", "reason_codes", "reference_of"]

POINTS_TO_DOUBLE = 20.0
"""Points that double the odds; customary, and a unit only."""

CERTAIN = 1e-6
"""Probabilities are kept so far from 0 and 1, where log odds end."""

Row = Mapping[str, Any]


class Asked(Protocol):
    """What is asked: a `modaxfer.Run`."""

    def predict_proba(self, data: Any, *, quiet: bool = False) -> np.ndarray:
        """Return probabilities ``[rows, classes]``."""
        ...


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One field that speaks against a row."""

    field: str
    value: Any
    instead: Any
    """The reference's value."""
    points: float
    """That the row would gain by it."""


def reference_of(rows: Sequence[Row], fields: Sequence[str]) -> dict[str, Any]:
    """Return the usual row: of numbers the median, of anything else the most frequent value, gaps left out.

    Args:
        rows: Rows that are usual, such as the training rows, or those that were accepted.
        fields: Columns that the model reads.

    Raises:
        DataError: There is no row, or a field without a value.
    """
    usual: dict[str, Any] = {}
    for name in fields:
        values = [row[name] for row in rows if row.get(name) is not None and row[name] == row[name]]
        if not values:
            raise DataError("no row has a value to compare with", column=name, fix="give other rows with --beside")
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
        # The median of a code is one of its values.
        usual[name] = sorted(values)[len(values) // 2] if numbers else max(dict.fromkeys(values), key=values.count)
    return usual


def points_against(
    run: Asked, rows: Sequence[Row], reference: Row, *, against: int = 1, double: float = POINTS_TO_DOUBLE
) -> np.ndarray:
    """Return float64 ``[rows, fields]``: points that each row loses by each field of `reference`.

    Args:
        run: Of two classes.
        rows: To be explained, with all columns that the model reads.
        reference: Field to value.
        against: Number of the class that speaks against a row.
        double: Points that double the odds.

    Raises:
        DataError: The model has more than two classes, or a row cannot be read.
    """
    changed = [{**row, name: value} for row in rows for name, value in reference.items()]
    scores = np.asarray(run.predict_proba([*map(dict, rows), *changed], quiet=True), np.float64)
    if scores.shape[1] != 2:
        raise DataError("reason codes are for two classes", got=f"{scores.shape[1]} classes")
    if np.isnan(scores[: len(rows)]).any():
        row = int(np.flatnonzero(np.isnan(scores[: len(rows), 0]))[0]) + 1
        raise DataError("a row cannot be read, so nothing speaks against it", row=row, fix="leave it out")
    bad = scores[:, against].clip(CERTAIN, 1 - CERTAIN)
    odds = np.log(bad / (1 - bad))
    own, other = odds[: len(rows)], odds[len(rows) :].reshape(len(rows), len(reference))
    return (own[:, None] - other) * double / np.log(2)


def reason_codes(
    run: Asked, rows: Sequence[Row], reference: Row, *, against: int = 1, most: int = 4
) -> list[list[Reason]]:
    """Return for each row what speaks against it, the weightiest first; fields that speak for it are left out.

    Args:
        run: Of two classes.
        rows: To be explained.
        reference: Field to value, as `reference_of` makes it.
        against: Number of the class that speaks against a row.
        most: Reasons of a row at most; four is the custom in lending.

    Raises:
        DataError: As `points_against`.
    """
    points = points_against(run, rows, reference, against=against)
    names = list(reference)
    return [
        [
            Reason(field=names[place], value=row.get(names[place]), instead=reference[names[place]], points=float(lost))
            for place in np.argsort(-losses, kind="stable")[:most]
            if (lost := losses[place]) > 0
        ]
        for row, losses in zip(rows, points, strict=True)
    ]
