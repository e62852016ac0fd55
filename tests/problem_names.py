"""The kinds of targets that ship with the framework, and what they do, by name: for tests of every one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.baselines import chance as guessing
from modaxfer.registry import problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from scipy.sparse import csr_array

    from modaxfer.baselines.chance import Scorer
    from modaxfer.contracts import Criterion, Label
    from modaxfer.spec import Target

__all__ = [
    "PROBLEMS",
    "balanced_weights",
    "chance",
    "criterion_of",
    "encode",
    "label_notes",
    "majority",
    "read_labels",
    "strata",
]

PROBLEMS = ("binary", "multiclass", "multilabel", "regression")


def chance(
    score: Scorer,
    *,
    problem: str,
    references: np.ndarray,
    train: np.ndarray,
    classes: int,
    seed: int = 0,
    rank: Scorer | None = None,
) -> dict[str, float]:
    """Return the chance scores of a problem, as a run measures them."""
    guesses = problem_of(problem).labels.guesses(references, train, classes, np.random.default_rng(seed))
    return guessing.chance(score, references, guesses, rank=rank)


def majority(
    score: Scorer, *, problem: str, references: np.ndarray, train: np.ndarray, classes: int
) -> Mapping[str, float]:
    """Return the scores of what says the same of every row."""
    return score(references, *problem_of(problem).labels.constant(references, train, classes))


def criterion_of(problem: str, classes: int = 0, targets: np.ndarray | None = None) -> Criterion:
    """Return the criterion of a task."""
    return problem_of(problem).criterion(classes, np.arange(2.0) if targets is None else targets)


def balanced_weights(problem: str, classes: int, targets: np.ndarray) -> object:
    """Return the weights of balanced classes."""
    return criterion_of(problem, classes, targets).class_weights(targets)


def encode(labels: Sequence[Label], problem: str, classes: Sequence[str]) -> np.ndarray:
    """Return labels as targets."""
    return problem_of(problem).labels.encode(labels, classes)


def strata(targets: np.ndarray, problem: str) -> csr_array:
    """Return what splits should hold in equal shares."""
    return problem_of(problem).labels.strata(targets)


def read_labels(table: pa.Table, target: Target, learned: object = None) -> list[Label]:
    """Return the labels of `table`, read as they are written in it."""
    labels = problem_of(target.problem).labels
    return labels.read(table, target, labels.learn(table, target) if learned is None else learned)


def label_notes(tables: Sequence[pa.Table], target: Target, learned: object) -> tuple[str, ...]:
    """Return what reading the labels of all splits changed."""
    return problem_of(target.problem).labels.notes(tables, target, learned)
