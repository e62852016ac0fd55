"""Candidates in the order of their scores: of frozen features, and of what is known before a row is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.contracts import Encoded, Judged
from modaxfer.errors import RefusedError
from modaxfer.registry import load_target, problem_spec, registry
from modaxfer.runner.recommend.prior import Prior
from modaxfer.runner.session import TaskSession

__all__ = ["Ranked", "judge", "mean_ranks", "picks", "ranked", "scores_for"]

MEAN = 1
"""Place of the mean over tokens among the pools that are kept of a layer."""


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """One candidate among the others; ranks count from 1, equal ones share theirs."""

    name: str
    prior: float
    """Its mean rank by what is known before a row is read."""
    scores: float
    """Its mean rank by the scores of its features; infinite where it has none."""


def scores_for(problem: str) -> tuple[str, ...]:
    """Return the names of the scores that a recommendation asks for a problem; none where it has no closed form."""
    link = problem_spec(problem).link
    return tuple(
        entry.id
        for entry in registry().all("transferability score")
        if entry.spec.default and link in entry.spec.links and not entry.spec.needs_source_head
    )


def judge(
    session: TaskSession, classes: Sequence[str], names: Sequence[str]
) -> tuple[dict[str, Judged], dict[str, str]]:
    """Score the frozen features of a session's training rows.

    Returns:
        By the id of a score what it says, and why others say nothing.
    """
    (known,) = session.layers["train"]
    encoded = Encoded(
        layers=np.ascontiguousarray(known.pools[:, :, MEAN].transpose(1, 0, 2), np.float32),
        targets=session.splits["train"].targets,
        problem=session.problem,
        classes=classes,
        metric=session.primary,
        groups=session.groups,
        seed=session.seed,
    )
    found: dict[str, Judged] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            found[name] = load_target(registry().get("transferability score", name).spec.target)(encoded)
        except RefusedError as refusal:
            refused[name] = str(refusal)
    return found, refused


def ranked(priors: Mapping[str, Prior], values: Mapping[str, Mapping[str, float]]) -> list[Ranked]:
    """Rank candidates, best by their scores first, those without any last, by their prior.

    Args:
        priors: By candidate, what is known before.
        values: By candidate, score to value, greater is better; a candidate without features has none.
    """
    names = list(priors)
    before = mean_ranks([[-priors[name].rank for name in names]])
    scores = list(dict.fromkeys(score for each in values.values() for score in each))
    columns = [[values.get(name, {}).get(score, -math.inf) for name in names] for score in scores]
    after = mean_ranks(columns) if columns else [math.inf] * len(names)
    made = [
        Ranked(name=name, prior=prior, scores=rank if values.get(name) else math.inf)
        for name, prior, rank in zip(names, before, after, strict=True)
    ]
    return sorted(made, key=lambda each: (each.scores, each.prior, each.name))


def mean_ranks(columns: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean over columns of ranks in each, from 1 for the greatest; equal values share theirs."""
    from scipy.stats import rankdata

    ranks: Any = np.mean([rankdata([-value for value in column]) for column in columns], axis=0)
    return [float(rank) for rank in ranks]


def picks(order: Sequence[Ranked]) -> list[str]:
    """Return the best by the scores and the best by the prior: the hybrid of Renggli et al. (2022)."""
    by_prior = min(order, key=lambda each: (each.prior, each.scores, each.name))
    return list(dict.fromkeys([order[0].name, by_prior.name]))
