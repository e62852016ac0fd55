"""Co-tuning: the source's head goes on answering, with what the task's labels say in its classes (You et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.contracts import Features

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Seen, Step

__all__ = ["CoTuning", "related", "relation"]


class CoTuning(nn.Module):
    """``CE(source head(f(x)), p(y_s | y_t))`` of each row, the term that the paper adds to the usual loss.

    The head of the run that the encoder comes from is trained with the model and thrown away when the phase is done.
    What it should say of a row follows from the row's label alone, see `relation`: the stream's extra ``relation``.

    Args:
        context: Of streams with this extra; gives the head.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()
        self.head = context.source_head()

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``; of several views of a row their mean."""
        stream = step.only
        logs = self.head(Features(pooled=stream.pooled)).float().log_softmax(1)
        losses: torch.Tensor = -(stream.extras["relation"].repeat(stream.views, 1) * logs).sum(1)
        return losses.reshape(stream.views, -1).mean(0)


def related(seen: Mapping[str, Seen], stream: str) -> torch.Tensor:
    """Return ``p(y_s | y_t)`` of each row of `stream`, ``[rows, source classes]``; an extra.

    Args:
        seen: With `stream`, whose targets are given, and what the source's head says of its rows.
        stream: Whose rows are trained on.
    """
    own = seen[stream]
    assert own.targets is not None, "its labels are given"
    targets = torch.from_numpy(own.targets)
    known = targets >= 0
    matrix = relation(own.source_outputs()[known].softmax(1), targets[known], own.outputs.shape[1])
    # A row without a label says nothing of the source's classes.
    return torch.where(known[:, None], matrix[targets.clamp(min=0)], 0.0)


def relation(shares: torch.Tensor, targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Return ``p(y_s | y_t)``, float32 ``[classes, source classes]``: the mean of `shares` over the rows of each class.

    It is the direct way of the paper: each row sums to 1; that of a class without rows is 0.
    With shares of 0 and 1 it is counted conditional frequencies.

    Args:
        shares: ``p(y_s | x)`` by the source's head, before training, ``[rows, source classes]``.
        targets: Class of each row among those of the task, int64 ``[rows]``.
        classes: How many the task has.
    """
    rows = nn.functional.one_hot(targets, classes).float()
    return rows.T @ shares.float() / rows.sum(0).clamp(min=1)[:, None]
