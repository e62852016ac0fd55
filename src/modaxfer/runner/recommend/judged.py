"""Candidates in the order of their scores: of frozen features, and of what is known before a row is read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.contracts import Encoded, Judged
from modaxfer.errors import RefusedError, RunFailedError
from modaxfer.runner.recommend.prior import Prior
from modaxfer.runner.session import TaskSession
from modaxfer.transferability import judged

__all__ = ["Ranked", "encoded_rows", "judge", "mean_ranks", "picks", "ranked"]

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


def encoded_rows(session: TaskSession, classes: Sequence[str]) -> Encoded:
    """Return the training rows of a session, their frozen features computed, as scores and shift reports read them."""
    (known,) = session.layers["train"]
    return Encoded(
        layers=np.ascontiguousarray(known.pools[:, :, MEAN].transpose(1, 0, 2), np.float32),
        targets=session.splits["train"].targets,
        problem=session.problem,
        classes=classes,
        metric=session.primary,
        cost=session.cost,
        groups=session.groups,
        seed=session.seed,
    )


def judge(encoded: Encoded, names: Sequence[str]) -> tuple[dict[str, Judged], dict[str, str]]:
    """Score frozen features of training rows.

    Returns:
        By the name of a score what it says, and why others say nothing.

    Raises:
        RefusedError: Not one of several scores says anything; it has their reasons.
    """
    found: dict[str, Judged] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            found[name] = judged(name, encoded)
        except (RefusedError, RunFailedError) as error:
            refused[name] = " ".join(str(error).split())
    if refused and not found:
        raise RefusedError("; ".join(dict.fromkeys(refused.values())))
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
