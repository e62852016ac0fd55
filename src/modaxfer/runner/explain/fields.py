"""What each field of one row adds to the answer: held against the same row with another row's value in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from modaxfer.runner.explain.answer import Answer
from modaxfer.runner.explain.rows import Wanted
from modaxfer.runner.predict.predictor import Predictor

__all__ = ["BACKGROUND", "field_effects", "groups_of"]

BACKGROUND = 16
"""Training rows whose values stand in, spread evenly over those that are looked at."""


def groups_of(predictor: Predictor) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field that people know, by its name: numbers made of one date stand together."""
    found: dict[str, list[str]] = {}
    for field in predictor.described.fields:
        reading = predictor.described.types.get(field.name)
        column = reading.get("column", "") if isinstance(reading, Mapping) else ""
        found.setdefault(str(column or field.name), []).append(field.name)
    return {name: tuple(columns) for name, columns in found.items()}


def field_effects(
    predictor: Predictor,
    wanted: Wanted,
    answer: Answer,
    value: float,
    groups: Mapping[str, Sequence[str]],
    background: Sequence[Mapping[str, Any]],
) -> dict[str, float]:
    """Return, by group of columns, f(x) less the mean of f(x with these columns of a training row).

    Args:
        predictor: The model.
        wanted: The row.
        answer: What is asked about it.
        value: f(x).
        groups: Columns by name.
        background: Training rows.
    """
    found = {}
    for name, columns in groups.items():
        rows = [{**wanted.values, **{column: row[column] for column in columns}} for row in background]
        logits: Any = predictor.logits(rows, wanted.root)
        with torch.inference_mode():
            found[name] = value - float(np.mean(answer(logits.float()).numpy()))
    return found
