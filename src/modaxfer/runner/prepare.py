"""Raw rows to examples: decode, bridge, tokenise once per row, then read from the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modaxfer.contracts import Bridge, Example, Processor
from modaxfer.runner.encode import lengths_of
from modaxfer.runner.progress import Progress
from modaxfer.runner.resolve import Cell, build_bridge
from modaxfer.runner.session import Split
from modaxfer.runner.store import cache_key, cached_store

__all__ = ["examples", "prepare_splits"]

CHUNK = 256
"""Rows that are decoded and processed together."""


def prepare_splits(cell: Cell, processor: Processor, progress: Progress) -> tuple[dict[str, Split], list[str]]:
    """Return all splits of the task as examples, computed at most once per row, and what was lost on the way.

    Raises:
        DataError: A row cannot be decoded.
    """
    splits, notes = {}, []
    for name, rows in cell.data.splits.items():
        bridge = build_bridge(cell)
        key = cache_key(cell.data.fingerprint, name, bridge.identity, processor.identity)

        def make(name: str = name, rows: Any = rows, bridge: Bridge = bridge) -> Iterator[list[Example]]:
            return examples(rows, bridge, processor, progress, label=f"preparing {name}")

        def lost(bridge: Bridge = bridge) -> tuple[str, ...]:
            return tuple(getattr(bridge, "warnings", ()))

        store = cached_store("prepared", key, cell.options.train.cache, make, lost)
        notes += [f"{name}: {note}" for note in store.notes]
        splits[name] = Split(
            rows=store,
            lengths=lengths_of(store, processor),
            targets=cell.data.targets[name],
            ids=list(rows["row_id"]),
            key=key,
        )
    return splits, notes


def examples(
    rows: Sequence[Any], bridge: Bridge, processor: Processor, progress: Progress, label: str
) -> Iterator[list[Example]]:
    """Yield chunks of examples."""
    with progress.bar(label, len(rows)) as advance:
        for start in range(0, len(rows), CHUNK):
            chunk = _rows(rows, start, min(start + CHUNK, len(rows)))
            yield processor(bridge(chunk))
            advance(len(chunk))


def _rows(rows: Any, start: int, stop: int) -> list[dict[str, Any]]:
    columns = rows[start:stop]
    if isinstance(columns, list):
        return columns
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
