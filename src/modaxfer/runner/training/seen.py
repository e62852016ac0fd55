"""What the model says of the rows of a split, as validators and extras are shown it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Features, Seen
from modaxfer.contracts.source_head import no_source_head
from modaxfer.runner.session import TaskSession
from modaxfer.runner.training.features import EntryPoint

__all__ = ["seen_rows"]


def seen_rows(session: TaskSession, name: str, entry: EntryPoint | None = None) -> Seen:
    """Return what the model says of split `name`, without its targets; the same in every process.

    Args:
        session: With the model.
        name: Of the split.
        entry: Where its rows enter the model; None = as inputs.
    """
    split = session.splits[name]
    where: dict[str, Any] = {} if entry is None else {"rows": entry.rows, "collate": entry.collate}
    start = 0 if entry is None else entry.layer
    made = session.predict(split, start, **where)
    if name == "validation":
        session.keep_judged(made)
    # Several may ask for it, and each time every row would go through the model.
    pooled = cache(lambda: session.vectors(split, start, **where) if made.vectors is None else made.vectors)
    return Seen(
        outputs=made.outputs,
        pooled=pooled,
        source_outputs=partial(_source_outputs, session.source_head, pooled),
        layers=cache(partial(session.layer_vectors, split, start, **where)),
        targets=None,
        score=None,
    )


def _source_outputs(head: nn.Module | None, pooled: Callable[[], torch.Tensor]) -> torch.Tensor:
    if head is None:
        no_source_head()
    with torch.no_grad():
        outputs: torch.Tensor = head(Features(pooled=pooled())).float()
    return outputs
