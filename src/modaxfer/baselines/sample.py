"""What a simple model is shown of a task, and how its settings are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import f1_score

from modaxfer.data.blanks import or_blank
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modaxfer.contracts import Judge, TaskData
    from modaxfer.spec import Field

__all__ = ["Outputs", "Sample", "best", "draw"]

TRAIN_ROWS = 20_000
"""A simple model is fitted on at most so many rows: it has to take seconds."""

UNEVEN = 1.5
"""Weighted classes are tried where the largest has so many times the rows of the smallest."""

Outputs = dict[str, np.ndarray]
"""By split: probabilities ``[rows, classes]``, or of numbers values ``[rows]``."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Rows by split (``train``, ``validation``, ``test``), with at most `TRAIN_ROWS` of train."""

    columns: Mapping[str, Mapping[str, Sequence[Any]]]
    """Split to field name to values."""
    targets: Mapping[str, np.ndarray]
    """Of train and validation: int ``[rows]`` for classes, 0/1 ``[rows, labels]`` for labels, float ``[rows]`` for
    numbers."""
    classes: int
    seed: int
    root: Path | None

    @property
    def numeric(self) -> bool:
        """Whether targets are numbers."""
        return self.targets["train"].ndim == 1 and not np.issubdtype(self.targets["train"].dtype, np.integer)

    @property
    def several(self) -> bool:
        """Whether a row has any number of labels."""
        return self.targets["train"].ndim == 2

    def rows(self, split: str) -> int:
        """Return the number of rows of `split`."""
        known = self.targets.get(split)
        return len(next(iter(self.columns[split].values())) if known is None else known)

    def class_weights(self) -> tuple[str | None, ...]:
        """Return the weightings worth a try: rows alike, and where classes are uneven each class alike."""
        if self.numeric or self.several:
            return (None,)
        counts = np.unique(self.targets["train"], return_counts=True)[1]
        return (None, "balanced") if counts.max() >= UNEVEN * counts.min() else (None,)

    def said(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return what outputs say: the likeliest class, the labels likelier than not, or the value; and scores."""
        if self.numeric:
            return outputs, None
        return (outputs > 0.5).astype(np.int64) if self.several else outputs.argmax(1), outputs


def draw(data: TaskData, fields: Iterable[Field], seed: int) -> Sample:
    """Return the rows of `data`; where train has more than `TRAIN_ROWS`, a random part of it."""
    splits, targets = {name: rows for name, rows in data.splits.items() if name in SPLITS}, dict(data.targets)
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
        classes=len(data.classes),
        seed=seed,
        root=data.root,
    )


def best(candidates: Iterable[Outputs], sample: Sample, judge: Judge | None) -> Outputs:
    """Return the candidate that `judge` finds best on the validation rows.

    Without a judge it is macro F1, of numbers the squared error. Of equal candidates the first is taken, so
    simpler ones should come first; one whose value is nan is never better.
    """
    judge = judge or (_squared_error if sample.numeric else _macro_f1)
    winner, highest = None, -np.inf
    # One candidate is held beside the best so far: of many classes each takes much memory.
    for outputs in candidates:
        value = judge(sample.targets["validation"], *sample.said(outputs["validation"]))
        if winner is None or value > highest or (np.isnan(highest) and not np.isnan(value)):
            winner, highest = outputs, value
    assert winner is not None, "a simple model has at least one setting"
    return winner


def _macro_f1(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> float:
    return float(f1_score(references.astype(np.int64), predictions, average="macro", zero_division=0))


def _squared_error(references: np.ndarray, predictions: np.ndarray, scores: np.ndarray | None) -> float:
    return -float(np.square(predictions - references).mean())
