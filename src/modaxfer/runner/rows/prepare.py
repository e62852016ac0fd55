"""Raw rows to examples: fit the bridges, then decode, bridge and tokenise once per row; later runs read the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modaxfer.contracts import Bridge, CountingProcessor, Example, FittedBridge, Processor
from modaxfer.data.blanks import filled, present
from modaxfer.runner.model.joint import JointProcessor, JointRows
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolve import ResolvedTask, TowerDescription, build_bridge
from modaxfer.runner.rows.cache import Tell, cache_key, cached_state, cached_store
from modaxfer.runner.rows.encode import lengths_of
from modaxfer.runner.rows.split import Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.spec import Field

__all__ = ["Prepared", "counting", "examples", "fitted_bridge", "losses", "prepare", "rows_of"]

CHUNK = 64
"""Rows that are decoded and processed together; so many large pictures fit into memory."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A task's rows, ready for its towers."""

    splits: dict[str, Split]
    processor: Processor
    notes: list[str]
    """What was lost on the way, one line each."""


def fitted_bridge(described: TowerDescription, resolved: ResolvedTask, tell: Tell) -> Bridge:
    """Return the bridge of `described`, fitted to the training rows where it is one that learns.

    What it learned is kept in the cache, by data and options, and read from there the next time.
    """
    bridge = build_bridge(described, resolved)
    if not isinstance(bridge, FittedBridge):
        return bridge
    targets = resolved.data.targets["train"]
    digest = hashlib.sha256(np.ascontiguousarray(targets).tobytes()).hexdigest()
    key = cache_key("bridge", bridge.identity, resolved.data.fingerprint, digest)

    def learned() -> Mapping[str, Any]:
        rows = rows_of(resolved.data.splits["train"], 0, len(targets))
        bridge.fit(filled(rows, described.fields) if len(resolved.towers) > 1 else rows, targets)
        return bridge.state()

    if resolved.options.train.cache:
        bridge.restore(cached_state("bridges", key, learned, tell))
    else:
        learned()
    return bridge


def prepare(
    resolved: ResolvedTask, bridges: Sequence[Bridge], processors: Sequence[Processor], progress: Progress, tell: Tell
) -> Prepared:
    """Return all splits of the task as examples, computed at most once per row.

    Args:
        resolved: The task and its towers.
        bridges: One per tower, fitted.
        processors: One per tower.
        progress: Where to tell how far it is.
        tell: Called with what is wrong with the cache.

    Raises:
        DataError: A row cannot be decoded.
    """
    splits, notes = {}, []
    alone = len(processors) == 1
    processor = processors[0] if alone else JointProcessor(processors)
    for name, rows in resolved.data.splits.items():
        made = [
            _store(resolved, described, name, bridge, own, progress, tell)
            for described, bridge, own in zip(resolved.towers, bridges, processors, strict=True)
        ]
        notes += [f"{name}: {note}" for store, _ in made for note in store.notes]
        joint = made[0][0] if alone else JointRows([store for store, _ in made], _there(resolved, name))
        splits[name] = Split(
            rows=joint,
            lengths=lengths_of(joint, processor),
            known=resolved.data.targets.get(name),
            ids=list(rows["row_id"]),
            key=made[0][1] if alone else cache_key(*(key for _, key in made)),
        )
    return Prepared(splits=splits, processor=processor, notes=notes)


def _store(
    resolved: ResolvedTask,
    described: TowerDescription,
    name: str,
    bridge: Bridge,
    processor: Processor,
    progress: Progress,
    tell: Tell,
) -> tuple[ExampleStore, str]:
    """Return the rows of split `name` as one tower's examples, and the key they are kept under."""

    def fresh() -> tuple[Bridge, Processor]:
        # Bridges and processors count what they lose: each making of a split gets its own.
        own = build_bridge(described, resolved)
        if isinstance(own, FittedBridge) and isinstance(bridge, FittedBridge):
            own.restore(bridge.state())
        return own, counting(processor)

    rows = resolved.data.splits[name]
    blanks = described.fields if len(resolved.towers) > 1 else ()
    key = cache_key(resolved.data.fingerprint, name, fresh()[0].identity, processor.identity, bool(blanks))
    used: list[tuple[Bridge, Processor]] = []

    def make() -> Iterator[list[Example]]:
        used.append(fresh())
        return examples(rows, *used[-1], progress, label=f"preparing {name}", blanks=blanks)

    store = cached_store("prepared", key, resolved.options.train.cache, make, lambda: losses(*used[-1]), tell)
    return store, key


def counting(processor: Processor) -> Processor:
    """Return what prepares as `processor` does and, where it counts what it cuts, counts from zero."""
    return processor.counting() if isinstance(processor, CountingProcessor) else processor


def losses(bridge: Bridge, processor: Processor) -> tuple[str, ...]:
    """Return what the two have lost so far, one line each."""
    return tuple(line for part in (bridge, processor) for line in getattr(part, "warnings", ()))


def _there(resolved: ResolvedTask, name: str) -> np.ndarray:
    rows = resolved.data.splits[name]
    every = rows_of(rows, 0, len(rows))
    return np.stack([present(every, described.fields) for described in resolved.towers], axis=1)


def examples(
    rows: Sequence[Any],
    bridge: Bridge,
    processor: Processor,
    progress: Progress,
    label: str,
    blanks: Sequence[Field] = (),
) -> Iterator[list[Example]]:
    """Yield chunks of examples; missing values of the fields `blanks` are replaced by blank ones."""
    with progress.bar(label, len(rows)) as advance:
        for start in range(0, len(rows), CHUNK):
            chunk = rows_of(rows, start, min(start + CHUNK, len(rows)))
            yield processor(bridge(filled(chunk, blanks) if blanks else chunk))
            advance(len(chunk))


def rows_of(rows: Any, start: int, stop: int) -> list[dict[str, Any]]:
    """Return rows `start` ... `stop - 1` of a data set or a list as mappings."""
    columns = rows[start:stop]
    if isinstance(columns, list):
        return columns
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
