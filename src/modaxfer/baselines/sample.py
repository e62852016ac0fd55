"""What a simple model is shown of a task, and how its settings are chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score

from modaxfer.data.blanks import or_blank
from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import TaskData
    from modaxfer.spec import Field

__all__ = ["Judge", "Outputs", "Sample", "best", "decide", "draw"]

Judge = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
"""``(references, predictions, scores) -> value``, greater is better; decides among settings."""

TRAIN_ROWS = 20_000
"""A simple model is fitted on at most so many rows: it has to take seconds."""

UNEVEN = 1.5
"""Weighted classes are tried where the largest has so many times the rows of the smallest."""

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

    def class_weights(self) -> tuple[str | None, ...]:
        """Return the weightings worth a try: rows alike, and where classes are uneven each class alike."""
        if self.problem not in (Problem.BINARY, Problem.MULTICLASS):
            return (None,)
        counts = np.unique(self.targets["train"], return_counts=True)[1]
        return (None, "balanced") if counts.max() >= UNEVEN * counts.min() else (None,)


def draw(data: TaskData, fields: Iterable[Field], problem: Problem, seed: int) -> Sample:
    """Return the rows of `data`; where train has more than `TRAIN_ROWS`, a random part of it."""
    splits, targets = dict(data.splits), dict(data.targets)
    total = len(targets["train"])
    if total > TRAIN_ROWS:
        kept = np.sort(np.random.default_rng(seed).choice(total, TRAIN_ROWS, replace=False))
        splits["train"], targets["train"] = splits["train"].select(kept), targets["train"][kept]
    fields = tuple(fields)
    return Sample(
        columns={
            split: {f.name: [or_blank(value, f.signal.kind) for value in rows[f.name]] for f in fields}
            for split, rows in splits.items()
        },
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


def best(candidates: Iterable[Outputs], sample: Sample, judge: Judge | None) -> Outputs:
    """Return the candidate that `judge` finds best on the validation rows.

    Without a judge it is macro F1, for a regression the squared error. Of equal candidates the first is taken, so
    simpler ones should come first; one whose value is nan is never better.
    """
    judge = judge or (_squared_error if sample.problem == Problem.REGRESSION else _macro_f1)
    winner, highest = None, -np.inf
    # One candidate is held beside the best so far: of many classes each takes much memory.
    for outputs in candidates:
        value = judge(sample.targets["validation"], *_said(outputs["validation"], sample.problem))
        if winner is None or value > highest or (np.isnan(highest) and not np.isnan(value)):
            winner, highest = outputs, value
    assert winner is not None, "a simple model has at least one setting"
    return winner


def _said(outputs: np.ndarray, problem: Problem) -> tuple[np.ndarray, np.ndarray | None]:
    return decide(outputs, problem), None if problem == Problem.REGRESSION else outputs


def _macro_f1(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> float:
    return float(f1_score(references.astype(np.int64), predictions, average="macro", zero_division=0))


def _squared_error(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> float:
    return -float(np.square(predictions - references).mean())
