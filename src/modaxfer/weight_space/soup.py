"""The average of the weights of several epochs, each taken in if validation does not mind (greedy soup).

Wortsman et al. 2022, "Model soups", recipe 1, with the best epochs of one training as ingredients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from modaxfer.contracts import Chosen, Ends, Kept, Weights

__all__ = ["average", "choose"]


def choose(ends: Ends, options: Any) -> Chosen:
    """Return the average of the epochs that are better together than the best one alone, or as good."""
    # The first is judged like the averages are: an epoch's own score may come from stored features.
    soup, best = [ends.kept[0]], ends.judge(average(ends.kept[:1]))
    for kept in ends.kept[1:]:
        score = ends.judge(average([*soup, kept]))
        if score >= best:
            soup, best = [*soup, kept], score
    report = {"epochs": sorted(kept.epoch for kept in soup), "tried": len(ends.kept)}
    # What later phases or ends changed is no part of an epoch, and stays.
    return Chosen(weights={**ends.now, **average(soup)}, report=report)


def average(soup: Sequence[Kept]) -> Weights:
    """Return the mean of the weights of `soup`, in double precision and back."""
    return {
        name: torch.stack([kept.weights[name].double() for kept in soup]).mean(0).to(tensor.dtype)
        for name, tensor in soup[0].weights.items()
    }
