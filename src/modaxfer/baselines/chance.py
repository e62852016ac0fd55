"""Scores that need no input at all: guessing, and always saying what is most common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.spec import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Scorer", "chance", "majority"]

Scorer = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Mapping[str, float]]
"""``(references, predictions, scores) -> {metric: value}``, such as `modaxfer.metrics.compute` with its names bound."""

GUESSES = 60
"""Guesses per row that a chance score is averaged over, at least."""


def chance(
    score: Scorer,
    *,
    problem: Problem,
    references: np.ndarray,
    train: np.ndarray,
    classes: int,
    seed: int = 0,
    rank: Scorer | None = None,
) -> dict[str, float]:
    """Return the expected scores of a uniform guess, averaged over seeded guesses.

    Guesses come in rounds in which every row says each class once, so accuracy and mean recall are exact (1 /
    classes, times the share of rows whose class can be said at all); the other metrics are averages over at least 60
    guesses. Scores per class are all equal. For multi-label each label is a toss of a coin; for regression the guess is
    the target of a training row.

    Args:
        score: Scores what is guessed.
        problem: What the target asks for.
        references: Targets of the test rows.
        train: Targets of the training rows; only a regression looks at them.
        classes: Number of classes.
        seed: Seed of the guesses.
        rank: Scores what depends on the scores per class alone, such as areas under curves: called once, where `score`
            is called for every guess.
    """
    generator = np.random.default_rng(seed)
    scores = (
        None if problem == Problem.REGRESSION else np.full((len(references), classes), 1 / _sides(problem, classes))
    )
    ranked: Mapping[str, float] = {}
    found = []
    for guess in _guesses(problem, len(references), train, classes, generator):
        found.append(score(references, guess, scores))
        if rank is not None and not ranked:
            ranked = rank(references, guess, scores)
    return {**_mean(found), **ranked}


def majority(
    score: Scorer, *, problem: Problem, references: np.ndarray, train: np.ndarray, classes: int
) -> dict[str, float]:
    """Return the scores of always saying the most common class of the training rows.

    Scores per class are the classes' shares in training. For multi-label each label is said if most training rows
    have it; a regression says the mean training target.

    Args:
        score: Scores what is said.
        problem: What the target asks for.
        references: Targets of the test rows.
        train: Targets of the training rows.
        classes: Number of classes.
    """
    rows = len(references)
    if problem == Problem.REGRESSION:
        return dict(score(references, np.full(rows, train.mean(), dtype=np.float64), None))
    if problem == Problem.MULTILABEL:
        shares = train.mean(0)
        said = np.tile((shares > 0.5).astype(np.int64), (rows, 1))
    else:
        shares = np.bincount(train, minlength=classes) / len(train)
        said = np.full(rows, shares.argmax())
    return dict(score(references, said, np.tile(shares, (rows, 1))))


def _guesses(
    problem: Problem, rows: int, train: np.ndarray, classes: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    if problem == Problem.REGRESSION:
        yield from generator.choice(train, size=(GUESSES, rows))
        return
    sides = _sides(problem, classes)
    for _ in range(-(-GUESSES // sides)):
        first = generator.integers(0, sides, size=(rows, classes) if problem == Problem.MULTILABEL else rows)
        for shift in range(sides):
            yield (first + shift) % sides


def _sides(problem: Problem, classes: int) -> int:
    return 2 if problem == Problem.MULTILABEL else classes


def _mean(found: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([values[name] for values in found])) for name in found[0]}
