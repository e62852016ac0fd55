"""Scores that need no input at all: those of guessing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np

__all__ = ["Scorer", "chance"]

Scorer = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Mapping[str, float]]
"""``(references, predictions, scores) -> {metric: value}``, such as `modaxfer.metrics.compute` with its names bound."""


def chance(
    score: Scorer,
    references: np.ndarray,
    guesses: Iterable[tuple[np.ndarray, np.ndarray | None]],
    *,
    rank: Scorer | None = None,
) -> dict[str, float]:
    """Return the expected scores of a guess: their mean over `guesses`.

    Args:
        score: Scores what is guessed.
        references: Targets of the test rows.
        guesses: Predictions and scores, as `modaxfer.contracts.LabelType.guesses` yields them.
        rank: Scores what depends on the scores per class alone, such as areas under curves: called once, where `score`
            is called for every guess.
    """
    ranked: Mapping[str, float] = {}
    found = []
    for guess, scores in guesses:
        found.append(score(references, guess, scores))
        if rank is not None and not ranked:
            ranked = rank(references, guess, scores)
    means = {name: float(np.mean([values[name] for values in found])) for name in found[0]}
    return {**means, **ranked}
