"""Raw rows as mappings, and what is lost on their way to examples. Light: workers import it."""

from __future__ import annotations

from typing import Any

from modaxfer.contracts import Bridge, CountingProcessor, Processor

__all__ = ["counting", "losses", "rows_of"]


def counting(processor: Processor) -> Processor:
    """Return what prepares as `processor` does and, where it counts what it cuts, counts from zero."""
    return processor.counting() if isinstance(processor, CountingProcessor) else processor


def losses(bridge: Bridge, processor: Processor) -> tuple[str, ...]:
    """Return what the two have lost so far, one line each."""
    return tuple(line for part in (bridge, processor) for line in getattr(part, "warnings", ()))


def rows_of(rows: Any, start: int, stop: int) -> list[dict[str, Any]]:
    """Return rows `start` ... `stop - 1` of a data set or a list as mappings."""
    columns = rows[start:stop]
    if isinstance(columns, list):
        return columns
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
