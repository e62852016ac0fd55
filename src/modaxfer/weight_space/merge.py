"""Weights of several runs that started from one checkpoint, joined by what each has added to it.

``average`` is the mean of the weights (Wortsman et al. 2022, uniform soup). The others add task vectors, the difference
of a run's weights from the checkpoint's, times a scale: ``task-arithmetic`` their sum (Ilharco et al. 2023); ``ties``
trims each to its largest entries, elects a sign for each entry and takes the mean of those that agree (Yadav et al.
2023); ``dare`` drops entries at random, divides the others by the share that is kept, and sums (Yu et al. 2024). The
arithmetic is peft's (`peft.utils.merge_utils`), over all weights of a run as one vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import Weights

if TYPE_CHECKING:
    from modaxfer.plan import Merge

__all__ = ["SCALES", "direction", "mean", "merged", "scales"]

SCALES = tuple(step / 10 for step in range(1, 11))
"""Scales that are tried where none is given, the nearest to the checkpoint first."""


def scales(merge: Merge) -> tuple[float, ...]:
    """Return the scales to choose from: the one that is given; 1 of an average, which adds up to one already."""
    if merge.scale is not None:
        return (merge.scale,)
    return (1.0,) if merge.method == "average" else SCALES


def merged(base: Weights, runs: Sequence[Weights], merge: Merge) -> Callable[[float], Weights]:
    """Return what gives the joined weights at a scale.

    Args:
        base: The checkpoint's.
        runs: Of each run, by the same names.
        merge: Says how.
    """
    added = torch.split(direction(base, runs, merge), [tensor.numel() for tensor in base.values()])

    def at(scale: float) -> Weights:
        both = zip(base.items(), added, strict=True)
        return {name: tensor + scale * own.view_as(tensor).to(tensor.dtype) for (name, tensor), own in both}

    return at


def direction(base: Weights, runs: Sequence[Weights], merge: Merge) -> torch.Tensor:
    """Return what is added to `base` at scale 1, float32 ``[all weights]``, in the order of its names."""
    from peft.utils import merge_utils

    vectors = [torch.cat([(own[name] - tensor).float().flatten() for name, tensor in base.items()]) for own in runs]
    shares = torch.tensor(_shares(merge, len(runs)))
    joined: torch.Tensor
    if merge.method == "ties":
        joined = merge_utils.ties(vectors, shares, merge.density) if merge.density < 1 else _untrimmed(vectors, shares)
    elif merge.method == "dare" and merge.density < 1:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(merge.seed)
            joined = merge_utils.dare_linear(vectors, shares, merge.density)
    else:
        joined = merge_utils.task_arithmetic(vectors, shares)
    return joined


def mean(runs: Sequence[Weights], merge: Merge) -> Weights:
    """Return the mean of what has no checkpoint to start from, such as heads, by the weights of the runs."""
    shares = torch.tensor(_shares(merge, len(runs)), dtype=torch.float64)
    stacked = {name: torch.stack([own[name].double() for own in runs], dim=-1) for name in runs[0]}
    return {name: (each @ (shares / shares.sum())).to(runs[0][name].dtype) for name, each in stacked.items()}


def _shares(merge: Merge, count: int) -> list[float]:
    given = list(merge.weights) or [1.0] * count
    return [share / sum(given) for share in given] if merge.method == "average" else given


def _untrimmed(vectors: Sequence[torch.Tensor], shares: torch.Tensor) -> torch.Tensor:
    """Return TIES of vectors that are kept whole, of which peft would warn."""
    from peft.utils import merge_utils

    stacked = torch.stack(list(vectors))
    agreed = merge_utils.calculate_majority_sign_mask(stacked)
    joined: torch.Tensor = merge_utils.disjoint_merge(stacked * shares[:, None], agreed)
    return joined
