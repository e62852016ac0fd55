"""The rows that a recommendation looks at: some of train, validation for short runs, never the test split."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from modaxfer.contracts import TaskData
from modaxfer.data.splits import sample
from modaxfer.registry import problem_of
from modaxfer.runner.request.resolved import ResolvedTask

__all__ = ["MOST_ROWS", "MOST_VALIDATED", "looked_at", "training_alone"]

MOST_ROWS = 2_000
"""Training rows that are encoded at most, drawn in the shares of their classes."""

MOST_VALIDATED = 1_000
"""Validation rows by which short runs are judged at most."""


def looked_at(resolved: ResolvedTask) -> ResolvedTask:
    """Return the task with the rows that may be looked at; what is computed of a small task serves later runs too.

    The test split is left out, inputs and sealed answers alike. Where training rows are left out, it is another set of
    rows with a fingerprint of its own.
    """
    data, seed = resolved.data.untested(), resolved.config.seed
    if len(data.targets["train"]) > MOST_ROWS:
        for split, most in (("train", MOST_ROWS), ("validation", MOST_VALIDATED)):
            data = _cut(data, split, most, resolved.task.target.problem, seed)
    return replace(resolved, data=data)


def training_alone(resolved: ResolvedTask) -> ResolvedTask:
    """Return the task with its training rows alone: encoders are judged by these, and by no others."""
    data = resolved.data
    splits, targets = ({"train": own["train"]} for own in (data.splits, data.targets))
    return replace(resolved, data=replace(data, splits=splits, targets=targets, unseen={}, sealed={}))


def _cut(data: TaskData, split: str, most: int, problem: str, seed: int) -> TaskData:
    if len(data.targets[split]) <= most:
        return data
    strata = problem_of(problem).labels.strata(data.targets[split])
    picks = sample(strata, most, least=2, seed=seed)
    digest = hashlib.sha256(np.ascontiguousarray(picks).tobytes()).hexdigest()[:16]
    place = {int(row): position for position, row in enumerate(picks)}
    unseen = data.unseen.get(split, {})
    return replace(
        data,
        fingerprint=f"{data.fingerprint}-{split}-{digest}",
        splits={**data.splits, split: data.splits[split].select(picks)},
        targets={**data.targets, split: data.targets[split][picks]},
        digests={**data.digests, split: [data.digests[split][row] for row in picks]},
        unseen={**data.unseen, split: {place[row]: labels for row, labels in unseen.items() if row in place}},
    )
