"""What a simple model is shown of a task, and how its settings are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score

from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field

__all__ = ["Outputs", "Sample", "best", "decide", "draw"]

TRAIN_ROWS = 20_000
"""A simple model is fitted on at most so many rows: it has to take seconds."""

Outputs = dict[str, np.ndarray]
"""By split: probabilities ``[rows, classes]``, or for regression values ``[rows]``."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows by split (``train``, ``validation``, ``test``), with at most `TRAIN_ROWS` of train."""

    columns: Mapping[str, Mapping[str, Sequence[Any]]]
    """Split to field name to values."""
    targets: Mapping[str, np.ndarray]
    problem: Problem
    classes: int
    seed: int
    root: Path | None

    def rows(self, split: str) -> int:
        """Return the number of rows of `split`."""
        return len(self.targets[split])


def draw(data: TaskData, fields: Iterable[Field], problem: Problem, seed: int) -> Sample:
    """Return the rows of `data`; where train has more than `TRAIN_ROWS`, a random part of it."""
    splits, targets = dict(data.splits), dict(data.targets)
    total = len(targets["train"])
    if total > TRAIN_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(total, TRAIN_ROWS, replace=False))
        splits["train"], targets["train"] = splits["train"].select(kept), targets["train"][kept]
    names = [field.name for field in fields]
    return Sample(
        columns={split: {name: rows[name][:] for name in names} for split, rows in splits.items()},
        targets=targets,
        problem=problem,
        classes=len(data.classes),
        seed=seed,
        root=data.root,
    )


def decide(outputs: np.ndarray, problem: Problem) -> np.ndarray:
    """Return what a model says: the likeliest class, the labels likelier than not, or the value itself."""
    if problem == Problem.REGRESSION:
        return outputs
    if problem == Problem.MULTILABEL:
        return (outputs > 0.5).astype(np.int64)
    said: np.ndarray = outputs.argmax(1)
    return said


def best(candidates: Iterable[Outputs], sample: Sample) -> Outputs:
    """Return the candidate that is best on the validation rows: by macro F1, a regression by squared error.

    Of equal ones the first is taken, so simpler candidates should come first.
    """
    return max(candidates, key=lambda outputs: _quality(outputs["validation"], sample))


def _quality(outputs: np.ndarray, sample: Sample) -> float:
    references = sample.targets["validation"]
    if sample.problem == Problem.REGRESSION:
        return -float(np.square(outputs - references).mean())
    said = decide(outputs, sample.problem)
    return float(f1_score(references.astype(np.int64), said, average="macro", zero_division=0))
