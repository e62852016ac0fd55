"""Raw rows to examples: decode, bridge and tokenise, one way for training and predicting; kept between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modaxfer.contracts import Bridge, Example, FittedBridge, Processor, Row, SparingProcessor, Taken, TaskData
from modaxfer.data.blanks import filled, present
from modaxfer.errors import DataError
from modaxfer.runner.model.bridge import bridged
from modaxfer.runner.model.description import ModelDescription, TowerDescription
from modaxfer.runner.model.joint import JointRows, parts_of
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.bridge_code import known_by
from modaxfer.runner.rows.cache import Tell, cache_key, cached_state, cached_store
from modaxfer.runner.rows.encode import lengths_of
from modaxfer.runner.rows.raw import counting, losses, rows_of
from modaxfer.runner.rows.remade import NoRoomError, RemadeRows, disk_room, memory_room, within
from modaxfer.runner.rows.split import PickedRows, Split
from modaxfer.runner.rows.store import ExampleStore
from modaxfer.spec import Field

__all__ = [
    "Prepared",
    "blanks_of",
    "examples",
    "fitted",
    "prepare",
    "presence",
    "short_reason",
    "side_by_side",
]

CHUNK = 64
"""Rows that are decoded and processed together, where a processor's `rows_at_once` says no less; so many large pictures
fit into memory."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A task's rows, ready for its towers."""

    splits: dict[str, Split]
    notes: list[str]
    """What was lost on the way, one line each."""


def fitted(described: TowerDescription, resolved: ResolvedTask, tell: Tell) -> TowerDescription:
    """Return `described` with what its bridge learns from the training rows, where it is one that learns.

    That of a run which is gone on with as a whole has learned already.

    That is kept in the cache, by data and options, and read from there the next time.
    """
    bridge = described.build_bridge(resolved.data.root)
    if not isinstance(bridge, FittedBridge) or resolved.parent is not None:
        return described
    if resolved.source is not None:
        # What is learned from rows is learned where their labels are given, and serves both tasks.
        own = resolved.source.towers[resolved.towers.index(described)]
        return replace(described, learned=fitted(own, resolved.source, tell).learned)
    targets = resolved.data.targets["train"]
    digest = hashlib.sha256(np.ascontiguousarray(targets).tobytes()).hexdigest()
    key = cache_key("bridge", known_by(bridge), resolved.data.fingerprint, digest)

    def learned() -> Mapping[str, Any]:
        rows = rows_of(resolved.data.splits["train"], 0, len(targets))
        bridge.fit(filled(rows, described.fields) if len(resolved.towers) > 1 else rows, targets)
        return bridge.state()

    kept = cached_state("bridges", key, learned, tell) if resolved.options.train.cache else learned()
    return replace(described, learned=kept)


def prepare(
    resolved: ResolvedTask, described: ModelDescription, processor: Processor, progress: Progress, tell: Tell
) -> Prepared:
    """Return all splits of the task as examples, computed at most once per row.

    Args:
        resolved: The task.
        described: Its model, bridges fitted.
        processor: Of all towers.
        progress: Where to tell how far it is.
        tell: Called with what is wrong with the cache.

    Raises:
        DataError: A row cannot be decoded.
    """
    splits, notes = {}, []
    wholes: dict[tuple[str, str], tuple[Split, list[str]]] = {}

    def made(name: str, of: ResolvedTask) -> tuple[Split, list[str]]:
        place = (of.data.identity(name), name)
        if place not in wholes:
            wholes[place] = _split(of, described, name, processor, progress, tell)
        return wholes[place]

    for name in resolved.data.splits:
        taken = resolved.data.taken.get(name) if _looks_up(resolved, described) else None
        if taken is None:
            splits[name], told = made(name, resolved)
            notes += told
            continue
        whole = replace(resolved, data=_whole(resolved.data, taken))
        parts = [made(part, whole) for part in taken.splits]
        notes += [note for _, told in parts for note in told if note not in notes]
        splits[name] = _picked(name, resolved.data, [part for part, _ in parts], taken)
    return Prepared(splits=splits, notes=notes)


def _looks_up(resolved: ResolvedTask, described: ModelDescription) -> bool:
    """Tell whether rows of a fold are as they are in the whole: what a bridge learns, it learns inside the fold."""
    return resolved.options.train.cache and all(tower.learned is None for tower in described.towers)


def _whole(data: TaskData, taken: Taken) -> TaskData:
    return replace(data, fingerprint=taken.fingerprint, splits=taken.splits, targets={}, unseen={}, taken={})


def _picked(name: str, data: TaskData, wholes: Sequence[Split], taken: Taken) -> Split:
    """Return the rows of split `name` where they stand in `wholes`."""
    return Split(
        rows=PickedRows([whole.rows for whole in wholes], taken.rows),
        lengths=np.concatenate([whole.lengths for whole in wholes])[taken.rows],
        known=data.targets.get(name),
        ids=list(data.splits[name]["row_id"]),
        key=cache_key(hashlib.sha256(taken.rows.tobytes()).hexdigest(), *(whole.key for whole in wholes)),
        wholes=tuple(wholes),
        picks=taken.rows,
    )


def _split(
    resolved: ResolvedTask,
    described: ModelDescription,
    name: str,
    processor: Processor,
    progress: Progress,
    tell: Tell,
) -> tuple[Split, list[str]]:
    """Return one split of the task, and what was lost on the way."""
    rows = resolved.data.splits[name]
    made = [
        _store(resolved, described, place, name, own, progress, tell) for place, own in enumerate(parts_of(processor))
    ]
    joint = side_by_side([store for store, _ in made], presence(rows, described))
    split = Split(
        rows=joint,
        lengths=lengths_of(joint, processor),
        known=resolved.data.targets.get(name),
        ids=list(rows["row_id"]),
        key=made[0][1] if len(made) == 1 else cache_key(*(key for _, key in made)),
    )
    return split, [f"{name}: {note}" for store, _ in made for note in store.notes]


def _store(
    resolved: ResolvedTask,
    described: ModelDescription,
    place: int,
    name: str,
    processor: Processor,
    progress: Progress,
    tell: Tell,
) -> tuple[ExampleStore | RemadeRows, str]:
    """Return the rows of split `name` as the examples of tower number `place`, and the key they are kept under.

    Rows for which there is no room are made again each time they are asked for.
    """
    rows, tower = resolved.data.splits[name], described.towers[place]
    blanks = blanks_of(described, tower)
    identity = known_by(tower.build_bridge(resolved.data.root))
    fingerprint = resolved.data.identity(name) + _fitted_on(tower, resolved)
    key = cache_key(fingerprint, name, identity, processor.identity, bool(blanks))
    used: list[tuple[Bridge, Processor]] = []
    places = [disk_room, memory_room] if resolved.options.train.cache else [memory_room]

    def make() -> Iterator[list[Example]]:
        # Bridges and processors count what they lose: each making of a split gets its own.
        used.append((tower.build_bridge(resolved.data.root), counting(processor)))
        for chunk in examples(rows, *used[-1], progress, label=f"preparing {name}", blanks=blanks):
            yield [example for example in chunk if not isinstance(example, str)]

    def kept() -> Iterator[Sequence[Example]]:
        # What the cache could not take is asked for again, to be held in memory.
        return within(places.pop(0), len(rows), make())

    try:
        return cached_store("prepared", key, resolved.options.train.cache, kept, lambda: losses(*used[-1]), tell), key
    except NoRoomError as error:
        note = f"{error}; they are made again each time they are read"
    bridge, spared = tower.build_bridge(resolved.data.root), counting(processor)

    def one(row: int) -> Example:
        (example,) = spared(bridged(bridge, filled(rows_of(rows, row, row + 1), blanks)))
        return example

    return RemadeRows(make(), one, processor.length, lambda: (note, *losses(*used[-1]))), key


def side_by_side(parts: Sequence[Sequence[Example]], there: np.ndarray) -> Sequence[Example]:
    """Return the examples of all towers as the model takes them.

    Args:
        parts: By tower.
        there: What `presence` says of the same rows.
    """
    return parts[0] if len(parts) == 1 else JointRows(parts, there)


def presence(rows: Sequence[Any], described: ModelDescription) -> np.ndarray:
    """Return bool ``[rows, towers]``: whether a row has anything that the tower reads; of one tower it always has."""
    if not described.partial:
        return np.ones((len(rows), 1), bool)
    every = rows_of(rows, 0, len(rows))
    return np.stack([present(every, tower.fields) for tower in described.towers], axis=1)


def blanks_of(described: ModelDescription, tower: TowerDescription) -> Sequence[Field]:
    """Return the fields of `tower` of which a missing value is replaced by a blank one."""
    return tower.fields if described.partial else ()


def _fitted_on(tower: TowerDescription, resolved: ResolvedTask) -> str:
    """Return the fingerprint of the rows that a bridge has learned from, where they are not the task's own."""
    return "" if resolved.source is None or tower.learned is None else resolved.source.data.fingerprint


def examples(
    rows: Sequence[Any],
    bridge: Bridge,
    processor: Processor,
    progress: Progress,
    label: str,
    blanks: Sequence[Field] = (),
    *,
    apart: bool = False,
) -> Iterator[list[Example | str]]:
    """Yield rows as an encoder takes them, in chunks: the one way from raw rows, in training and in prediction.

    Args:
        rows: A data set, or a list of mappings.
        bridge: With what it learned.
        processor: Of the encoder, or of a trained bridge.
        progress: Where to tell how far it is.
        label: What the bar is called.
        blanks: Fields of which a missing value is replaced by a blank one.
        apart: Whether a row that cannot be read is given as the reason why, and the others are read all the same.

    Raises:
        DataError: A row cannot be read, unless `apart`.
    """
    size = min(CHUNK, processor.rows_at_once) if isinstance(processor, SparingProcessor) else CHUNK
    with progress.bar(label, len(rows)) as advance:
        for start in range(0, len(rows), size):
            chunk = rows_of(rows, start, min(start + size, len(rows)))
            yield _read(filled(chunk, blanks) if blanks else chunk, bridge, processor, apart=apart)
            advance(len(chunk))


def _read(rows: Sequence[Row], bridge: Bridge, processor: Processor, *, apart: bool) -> list[Example | str]:
    try:
        return list(processor(bridged(bridge, rows)))
    except DataError as error:
        if not apart:
            raise
        if len(rows) == 1:
            return [short_reason(error)]
        # Some row of these: one by one it shows which.
        return [one for row in rows for one in _read([row], bridge, processor, apart=True)]


def short_reason(error: DataError) -> str:
    """Return what is wrong and what was got, in one line, without advice."""
    return f"{error.what}: {error.got}" if error.got is not None else error.what
