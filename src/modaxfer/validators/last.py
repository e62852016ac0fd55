"""The last epoch, of a phase whose losses alone say what it is for."""

from __future__ import annotations

from collections.abc import Mapping

from modaxfer.contracts import Seen, ValidatorContext

__all__ = ["Last"]


class Last:
    """Judges nothing: all epochs are alike, so a phase whose weights rise to its end keeps its last one.

    That is the case where a loss has a `modaxfer.plan.Ramp` until 1, before whose end no epoch is a candidate. Nothing
    goes through the model for it.

    Args:
        context: Of any streams.
    """

    needs_labels = False
    reads_outputs = False
    reads_rows = False

    def __init__(self, context: ValidatorContext) -> None:
        pass

    def __call__(self, seen: Mapping[str, Seen]) -> float:
        """Return 0."""
        return 0.0
