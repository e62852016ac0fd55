"""A contrastive loss of labelled rows: vectors of one class are drawn together, those of two classes apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Seen, Step, ValidatorContext

__all__ = ["Contrastive", "ContrastiveScore", "pair_loss"]


class Contrastive(nn.Module):
    """`pair_loss` over all labelled rows of a step, by what the head is given of them; a joint loss.

    Args:
        context: Of streams that show their targets, one class per row.

    Raises:
        RefusedError: No class has two rows, or there is one class only.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()
        _refuse_unpaired([facts.targets for facts in context.streams.values()])

    def forward(self, step: Step) -> torch.Tensor:
        """Return the loss of the step, ``[]``; of several views of a row each is a row."""
        streams = step.streams.values()
        vectors = torch.cat([stream.pooled for stream in streams])
        targets = torch.cat([each for stream in streams for each in stream.views * [stream.known_targets()]])
        return pair_loss(vectors, targets)


class ContrastiveScore:
    """The best epoch by `pair_loss` over the validation rows, less of which is better.

    The head plays no part in it: while features are learned there is none. Undefined, minus infinity, where validation
    has a single row of a class that train has.

    Args:
        context: Of streams that show their targets.
    """

    needs_labels = True
    reads_outputs = False

    def __init__(self, context: ValidatorContext) -> None:
        pass

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return the negative loss over all pairs of the validation rows."""
        shown = {name: own.targets for name, own in seen.items() if own.targets is not None}
        vectors = torch.cat([seen[name].pooled() for name in shown])
        targets = torch.from_numpy(np.concatenate([*shown.values()]))
        known = targets >= 0
        return -float(pair_loss(vectors[known], targets[known])) if known.sum() > 1 else -np.inf


def pair_loss(vectors: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean of ``(cos(a, b) - y)^2`` over pairs, y = 1 in one class and 0 in two, each kind counting half.

    The loss of SetFit (Tunstall et al. 2022, section 3), which draws as many pairs of either kind and encodes each by
    itself; here every two rows of a step are a pair. Where there are pairs of one kind alone they count in full, and of
    a single row the loss is 0. A pair of blended rows is of one class as far as their shares agree, and of two else.

    Args:
        vectors: ``[rows, width]``.
        targets: Classes, int64 ``[rows]``, or shares of them, ``[rows, classes]``.
    """
    one, other = torch.triu_indices(len(vectors), len(vectors), 1, device=vectors.device)
    with torch.autocast(vectors.device.type, enabled=False):
        unit = functional.normalize(vectors.float(), dim=1)
        cosines, alike = (unit @ unit.T)[one, other], _alike(targets)[one, other].to(unit.dtype)
        kinds = [(alike, (cosines - 1).square()), (1 - alike, cosines.square())]
        means = [(share * wrong).sum() / share.sum() for share, wrong in kinds if share.sum() > 0]
        return torch.stack(means).mean() if means else vectors.sum() * 0


def _alike(targets: torch.Tensor) -> torch.Tensor:
    """Return by how much each two rows are of one class, ``[rows, rows]``."""
    return targets[:, None] == targets[None] if targets.ndim == 1 else targets @ targets.T


def _refuse_unpaired(targets: list[Any]) -> None:
    known = [each for each in targets if each is not None]
    counts = np.bincount(np.concatenate(known)) if len(known) == len(targets) else np.zeros(0, int)
    if (counts > 1).any() and (counts > 0).sum() > 1:
        return
    raise RefusedError(
        "a contrastive loss compares rows of one class with each other and with rows of another",
        got=f"{(counts > 0).sum()} classes, the largest of {counts.max(initial=0)} rows"
        if len(counts)
        else "no labels",
        allowed="at least two classes, one of them with two rows",
        fix="give more rows (--shots 2 and more), or use --strategy frozen",
    )
