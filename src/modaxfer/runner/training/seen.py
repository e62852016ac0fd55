"""What the model says of the rows of a split, as validators and extras are shown it."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from modaxfer.contracts import Seen
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
    return Seen(
        outputs=session.logits(split, start, **where),
        # Several may ask for it, and each time every row would go through the model.
        pooled=cache(partial(session.vectors, split, start, **where)),
        layers=cache(partial(session.layer_vectors, split, start, **where)),
        targets=None,
        score=None,
    )
