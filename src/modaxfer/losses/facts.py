"""What a loss may know of a stream before the first step, in a rehearsal as in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modaxfer.contracts import StreamFacts
from modaxfer.plan import Labels

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from modaxfer.contracts import Criterion
    from modaxfer.plan import Stream

__all__ = ["facts_of"]


def facts_of(
    stream: Stream, criterion: Criterion, link: str, width: int, rows: int, targets: Callable[[], np.ndarray]
) -> StreamFacts:
    """Return the facts of `stream`.

    Args:
        stream: Of a phase.
        criterion: Of its task.
        link: Of its problem, see `modaxfer.spec.ProblemSpec.link`.
        width: Of the vector that its task's head takes.
        rows: Of the split that it draws from.
        targets: Returns the targets of these rows; asked where the stream's labels are given.
    """
    return StreamFacts(
        role=stream.role,
        width=width,
        outputs=criterion.outputs,
        criterion=criterion,
        rows=rows,
        link=link,
        targets=targets() if stream.labels is Labels.GIVEN else None,
    )
