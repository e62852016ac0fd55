"""Which wrong predictions a model was surest of: where to look first for wrong labels, and for what it cannot see."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modaxfer.contracts import Mistaken

__all__ = ["MOST", "surest"]

MOST = 10
"""How many mistakes are shown."""


def surest(found: Iterable[tuple[float, Mistaken]], count: int = MOST) -> tuple[Mistaken, ...]:
    """Return up to `count` wrong predictions, the surest first and those of unknown sureness last.

    Args:
        found: What `modaxfer.contracts.LabelType.mistakes` yields: how sure the model was, and the mistake.
        count: How many at most.
    """
    ordered = sorted(found, key=lambda item: -math.inf if math.isnan(item[0]) else item[0], reverse=True)
    return tuple(mistake for _, mistake in ordered[:count])
