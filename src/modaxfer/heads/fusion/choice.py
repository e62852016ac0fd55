"""The simplest of several ways whose score is within one standard error of the best one's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.heads.classical.sample import Sample
    from modaxfer.heads.fusion.ways import Way

__all__ = ["simplest", "standard_error"]

DRAWS = 100


def simplest(ways: Sequence[Way], sample: Sample, groups: np.ndarray | None) -> tuple[Way, dict[str, float]]:
    """Return the first of `ways` that the best one does not beat by more than one standard error of the difference.

    The one-standard-error rule of Breiman et al. (1984), with the error of the paired difference: what two ways say of
    one row goes up and down together.

    Args:
        ways: The simplest first.
        sample: Rows that they were judged on.
        groups: int ``[rows]``: rows that belong together; None where each stands alone.

    Returns:
        The way; and by name, for those that were compared with the best, the standard error of the difference.
    """
    best = max(ways, key=lambda way: way.score)
    errors: dict[str, float] = {}
    for way in ways:
        if way.score == best.score:
            return way, errors
        errors[way.name] = standard_error(best, way, sample, groups)
        if best.score - way.score <= errors[way.name]:
            return way, errors
    return best, errors


def standard_error(first: Way, second: Way, sample: Sample, groups: np.ndarray | None) -> float:
    """Return the standard error of the difference of two scores, by a bootstrap over rows or groups of rows."""
    generator = np.random.default_rng(sample.seed)
    said = [sample.criterion.decode(way.outputs) for way in (first, second)]
    numbers = np.arange(len(sample.references)) if groups is None else np.unique(groups, return_inverse=True)[1]
    members = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    differences = []
    for _ in range(DRAWS):
        drawn = generator.integers(len(members), size=len(members))
        rows = np.concatenate([members[number] for number in drawn])
        scores = [
            sample.judge(sample.references[rows], predictions[rows], None if scored is None else scored[rows])
            for predictions, scored in said
        ]
        differences.append(scores[0] - scores[1])
    finite = np.array(differences)[np.isfinite(differences)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
