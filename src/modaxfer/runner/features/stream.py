"""Vectors of an encoder in blocks of rows: from the cache where they are known, else computed once and kept there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from modaxfer.contracts import PARTS, LayerFeatures, Readout, SolverContext
from modaxfer.heads.classical import fit
from modaxfer.heads.search_options import SearchOptions
from modaxfer.runner.context import RunContext
from modaxfer.runner.features.question import Question, Reading
from modaxfer.runner.features.rows import Asked, Part
from modaxfer.runner.model.tower import read_out
from modaxfer.runner.model.transfer import POOLED
from modaxfer.runner.opening import open_sessions
from modaxfer.runner.processes.accelerate import make_accelerator
from modaxfer.runner.progress import Progress
from modaxfer.runner.request.resolved import ResolvedTask
from modaxfer.runner.rows.cache import cache_key, cached_store
from modaxfer.runner.session import TaskSession
from modaxfer.runner.stages import Stages
from modaxfer.runner.training.kept import refuse_undefined
from modaxfer.runner.training.layers import layer_features, layers_are_kept

__all__ = ["BLOCK", "Block", "Opened", "open_features"]

BLOCK = 2_048
"""Rows that are in memory together."""

ALL_LAYERS_GB = 0.25
"""Vectors of all layers of a split are kept while they are smaller than this (10^9 bytes): another layer is free then,
and so is a run of strategy frozen."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows of a split, one behind the other."""

    split: str
    rows: slice
    """Among those that were given."""
    part: Part
    vectors: np.ndarray
    """float32 ``[rows, width]``, NaN for a row that cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An encoder that is loaded, with its rows prepared."""

    asked: Asked
    session: TaskSession
    readout: Readout

    @property
    def width(self) -> int:
        """Numbers per row."""
        return int(self.session.model.width)

    @property
    def rows(self) -> int:
        """Rows that were given, readable or not."""
        return sum(len(part.ids) for part in self.asked.parts.values())

    def blocks(self) -> Iterator[Block]:
        """Yield the vectors of all rows, split by split, in the order in which the rows were given."""
        for split, part in self.asked.parts.items():
            done = 0
            for start, vectors in self._vectors(split) if len(part.places) else ():
                places = part.places[start : start + len(vectors)]
                last = start + len(vectors) == len(part.places)
                stop = len(part.ids) if last else int(places[-1]) + 1
                filled = np.full((stop - done, self.width), np.nan, np.float32)
                filled[places - done] = vectors
                yield Block(split=split, rows=slice(done, stop), part=part, vectors=filled)
                done = stop
            if done < len(part.ids):  # Not one row of this split can be read.
                filled = np.full((len(part.ids), self.width), np.nan, np.float32)
                yield Block(split=split, rows=slice(0, len(part.ids)), part=part, vectors=filled)

    def _vectors(self, split: str) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the position of the first row of a block among those that can be read, and the block's vectors."""
        session = self.session
        count = len(session.splits[split].lengths)
        known = _pools(session, split) if _all_layers(session, split) else None
        with session.progress.bar(f"encoding {split}" if known is None else "", count) as advance:
            for start in range(0, count, BLOCK):
                stop = min(start + BLOCK, count)
                yield start, self._computed(split, start, stop) if known is None else self._read(known[start:stop])
                advance(stop - start)

    def _read(self, pools: np.ndarray) -> np.ndarray:
        made: np.ndarray = read_out(torch.from_numpy(np.array(pools)), self.readout).float().numpy()
        return made

    def _computed(self, split: str, start: int, stop: int) -> np.ndarray:
        session, whole = self.session, self.session.splits[split]
        read = [(tower.readout, tower.segments) for tower in session.model.towers]
        some = whole.only(np.arange(start, stop))

        def make() -> Iterator[list[dict[str, np.ndarray]]]:
            made = session.vectors(some).numpy()
            refuse_undefined(session, some, split, {session.model.top: made})
            yield [{POOLED: row} for row in made]

        key = cache_key("block", read, whole.key, session.weights_key, start, stop)
        use_disk = session.train.cache and bool(session.weights_key)
        return cached_store("features", key, use_disk, make, tell=session.tell).whole(POOLED)


def open_features(question: Question, asked: Asked, progress: Progress) -> Opened:
    """Load the encoder and prepare the rows.

    Raises:
        CheckpointUnavailableError: The weights cannot be had.
        DataError: A row cannot be decoded.
        RunFailedError: Features are not finite numbers.
    """
    accelerator, config = make_accelerator(question.settings)
    placed = replace(asked.resolved.config, precision=config.precision, device=config.device)
    resolved = replace(asked.resolved, config=placed)
    context = RunContext(accelerator=accelerator, stages=Stages([]), progress=progress, warnings=[], log=None)
    for note in asked.notes:
        context.tell(note)
    (session,) = open_sessions([resolved], context)
    readout = _readout(question.reading, resolved, session)
    session.model.read((readout,))
    return Opened(asked=asked, session=session, readout=readout)


def _readout(reading: Reading, resolved: ResolvedTask, session: TaskSession) -> Readout:
    (tower,) = resolved.towers
    usual = tower.readout.pooling if tower.readout.pooling not in PARTS else tower.encoder.pooling
    pooling = reading.pooling or usual
    if reading.layer == "auto":
        return _chosen(reading, resolved, session)
    if reading.layer == "mean":
        count = tower.encoder.depth + 1
        return Readout(layers=tuple(range(count)), weights=(1 / count,) * count, pooling=pooling)
    layers = tower.readout.layers if reading.layer == "last" else (int(reading.layer),)
    return Readout(layers=layers, pooling=pooling)


def _chosen(reading: Reading, resolved: ResolvedTask, session: TaskSession) -> Readout:
    """Return what strategy ``frozen`` reads, by inner folds over the training rows."""
    (known,) = layer_features(session, "train")
    context = SolverContext(
        features={"target": (LayerFeatures(train=known.pools, groups=session.groups),)},
        targets={"target": {"train": session.splits["train"].targets}},
        problem=session.problem,
        classes=resolved.data.classes,
        seed=session.seed,
        judge=session.judge,
        class_weight=session.train.class_weight,
    )
    fitted: Any = fit(context, SearchOptions(pooling=reading.pooling or "auto"))
    readout: Readout
    (readout,) = fitted.readouts
    session.progress.say(f"layers {', '.join(map(str, readout.layers))}, {readout.pooling}: chosen by training rows")
    return readout


def _all_layers(session: TaskSession, split: str) -> bool:
    if session.model.readout.pooling in PARTS:
        return False
    encoder = session.model.encoder
    size = len(session.splits[split].lengths) * (encoder.depth + 1) * 3 * encoder.hidden_size * 4 / 1e9
    kept = session.train.cache and bool(session.weights_key)
    return split in session.layers or (kept and (size <= ALL_LAYERS_GB or layers_are_kept(session, split)))


def _pools(session: TaskSession, split: str) -> np.ndarray:
    (known,) = layer_features(session, split)
    return known.pools
