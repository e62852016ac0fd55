"""Ways of training over several tasks by their ranks: what ``ranks`` of a comparison's evidence holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modaxfer.metrics.ranks import FEWEST_TASKS, rank_over_tasks

__all__ = ["ranks_over"]


def ranks_over(tasks: Sequence[Mapping[str, Any]], level: float) -> dict[str, Any] | None:
    """Return average ranks of the ways of training that every task has, None where there are too few to compare.

    Args:
        tasks: As the evidence has them, each with its ``contenders``.
        level: Below which a pair differs.
    """
    known = [{each["name"]: each["test"] for each in task["contenders"] if np.isfinite(each["test"])} for task in tasks]
    every = list(dict.fromkeys(each["name"] for task in tasks for each in task["contenders"]))
    names = [name for name in every if all(name in scores for scores in known)]
    if len(tasks) < FEWEST_TASKS or len(names) < 2:
        return None
    signs = [1 if task["greater_is_better"] else -1 for task in tasks]
    scores = np.array([[sign * own[name] for name in names] for sign, own in zip(signs, known, strict=True)])
    found = rank_over_tasks(scores, level=level)
    return {
        "tasks": [task["task"] for task in tasks],
        "names": names,
        "left_out": [name for name in every if name not in names],
        "average": found.average.tolist(),
        "friedman": {"chi2": found.chi2, "f": found.f, "p": found.p},
        "critical_difference": found.critical_difference,
        "pairs": [
            {"first": names[a], "second": names[b], "p_holm": p, "evidence": bool(p < level)}
            for (a, b), p in zip(found.pairs, found.p_pairs, strict=True)
        ],
        "cliques": [[names[place] for place in clique] for clique in found.cliques],
    }
