"""The simple bar as a candidate: what it says of rows that it was not fitted to."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from modaxfer.contracts import Judge, Simple, TaskData
from modaxfer.registry import problem_of
from modaxfer.runner.recommend.frozen import Said, joined, outer_folds
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.session import Predictions

__all__ = ["said_simply"]


def said_simply(resolved: ResolvedTask, groups: np.ndarray | None, judge: Judge) -> tuple[str, Said]:
    """Fit the simple model without each fold in turn, and once for the validation rows.

    Its settings are chosen on the next fold, as a run chooses them on validation; what stands in the place of the test
    split are the rows that are held out.

    Args:
        resolved: The task with the rows that may be looked at.
        groups: Of its training rows.
        judge: The metric that decides.

    Returns:
        Its name, and what it says.

    Raises:
        RefusedError: There is no simple model for these fields.
    """
    started = time.monotonic()
    data, seed = resolved.data, resolved.config.seed
    folds = outer_folds(data.targets["train"], groups, seed)
    count = int(folds.max()) + 1
    parts = []
    for fold in range(count):
        held = np.flatnonzero(folds == fold)
        chooses = folds == (fold + 1) % count
        made = _fitted(
            resolved, _parted(data, ~chooses & (folds != fold), chooses, data.splits["train"].select(held)), judge
        )
        parts.append((held, _of_held(made)))
    whole = _fitted(resolved, _parted(data, folds != 0, folds == 0, data.splits["validation"]), judge)
    said = Said(train=joined(parts, len(folds)), validation=_of_held(whole), seconds=time.monotonic() - started)
    return whole.name, said


def _fitted(resolved: ResolvedTask, data: TaskData, judge: Judge) -> Simple:
    labels = problem_of(resolved.task.target.problem).labels
    return labels.simple(data, resolved.fields, seed=resolved.config.seed, judge=judge)


def _parted(data: TaskData, fitted: np.ndarray, chooses: np.ndarray, held: object) -> TaskData:
    train, targets = data.splits["train"], data.targets["train"]
    rows = {"train": np.flatnonzero(fitted), "validation": np.flatnonzero(chooses)}
    return replace(
        data,
        splits={**{name: train.select(own) for name, own in rows.items()}, "test": held},
        targets={name: targets[own] for name, own in rows.items()},
        sealed={},
        unseen={},
        taken={},
    )


def _of_held(simple: Simple) -> Predictions:
    return Predictions(predictions=simple.predictions["test"], scores=simple.scores["test"])
