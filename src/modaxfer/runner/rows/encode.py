"""Forward passes without a gradient: predictions, frozen prefixes and the layer features a solver reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from modaxfer.contracts import NO_UNIT, UNITS, WINDOWS, Batch, Example, Processor
from modaxfer.encoders.processors.padding import pad, pad_mask
from modaxfer.encoders.processors.words import padded_places
from modaxfer.runner.model.tower import LAYER_STATES
from modaxfer.runner.rows.batches import evaluation_batches
from modaxfer.runner.rows.remade import RemadeRows

__all__ = ["Computer", "collate_states", "forward_rows", "lengths_of"]


class Computer:
    """Where and in which arithmetic tensors are computed."""

    def __init__(self, device: torch.device, precision: str) -> None:
        self.device, self.precision = device, precision
        self._type = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return the autocast context of the run's precision."""
        return torch.autocast(self.device.type, dtype=self._type, enabled=self._type is not None)

    def place(self, batch: Batch) -> Batch:
        """Move `batch` to the device."""
        return {key: value.to(self.device, non_blocking=True) for key, value in batch.items()}


def collate_states(examples: Sequence[Example]) -> Batch:
    """Pad cached states ``[tokens, hidden]`` and mark the padding; each window of a row is padded by itself.

    `UNITS` are those of the prepared rows.
    """
    parts = [part for example in examples for part in _windows(example)]
    states = pad_sequence([torch.from_numpy(np.asarray(part, np.float32)) for part in parts], batch_first=True)
    batch = {LAYER_STATES: states, "mask": pad_mask([len(part) for part in parts])}
    if WINDOWS in examples[0]:
        batch[WINDOWS] = torch.tensor([len(example[WINDOWS]) for example in examples])
    if UNITS in examples[0]:
        places = [padded_places(example[UNITS], example.get(WINDOWS), states.shape[1]) for example in examples]
        batch[UNITS] = pad(places, NO_UNIT, np.int64)
    return batch


def _windows(example: Example) -> list[np.ndarray]:
    states = example[LAYER_STATES]
    return np.split(states, np.cumsum(example[WINDOWS])[:-1]) if WINDOWS in example else [states]


def forward_rows(
    rows: Sequence[Example],
    lengths: np.ndarray,
    collate: Callable[[Sequence[Example]], Batch],
    run: Callable[[Batch], torch.Tensor],
    computer: Computer,
    *,
    max_tokens: int,
    rank: int = 0,
    world: int = 1,
    even: bool = False,
    advance: Callable[[int], None] = lambda count: None,
) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
    """Yield row numbers and what `run` returns for them, in batches of like length.

    Args:
        rows: Prepared rows of a split.
        lengths: Their tokens, ``[rows]``.
        collate: Makes a batch of rows.
        run: What is wanted of a batch.
        computer: Where it is computed.
        max_tokens: Largest padded size of a batch.
        rank: This process.
        world: All processes that share the rows.
        even: Whether every process calls `run` equally often, as it must where layers are cut over processes: one that
            has fewer batches runs the shortest row again, for nothing.
        advance: Told how many rows are done.
    """
    # What layers are gathered into under inference mode could not be trained with later.
    without_gradients = torch.no_grad() if even else torch.inference_mode()
    with without_gradients, computer.arithmetic():
        shares = [evaluation_batches(lengths, max_tokens=max_tokens, rank=each, world=world) for each in range(world)]
        batches = shares[rank]
        for chosen in batches:
            yield chosen, run(computer.place(collate([rows[row] for row in chosen])))
            advance(len(chosen))
        for _ in range(max(map(len, shares)) - len(batches) if even else 0):
            run(computer.place(collate([rows[int(lengths.argmin())]])))


def lengths_of(rows: Sequence[Example], processor: Processor) -> np.ndarray:
    """Return tokens per row, ``[rows]``."""
    if isinstance(rows, RemadeRows):
        return rows.lengths
    return np.array([processor.length(row) for row in rows], dtype=np.int64)
