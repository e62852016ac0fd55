"""The head of the run that an encoder comes from, where a plan asks for it and where there is none."""

from __future__ import annotations

from typing import NoReturn

from modaxfer.errors import RefusedError

__all__ = ["no_source_head"]


def no_source_head() -> NoReturn:
    """Refuse to give the head of a source.

    Raises:
        RefusedError: Always.
    """
    raise RefusedError(
        "the head of a source is asked for, and the plan does not say so", fix="set Plan.source_head in the strategy"
    )
