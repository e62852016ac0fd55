"""The best epoch by the primary metric on validation."""

from __future__ import annotations

from collections.abc import Mapping

from modaxfer.contracts import Seen, ValidatorContext

__all__ = ["Score"]


class Score:
    """The mean of the primary metrics of all streams that show their targets.

    Args:
        context: Of any streams.
    """

    needs_labels = True

    def __init__(self, context: ValidatorContext) -> None:
        pass

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return the mean score, greater is better; minus infinity where one of them is undefined."""
        scores = [each.score() for each in seen.values() if each.score is not None]
        return sum(scores) / len(scores)
