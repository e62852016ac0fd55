"""Which task's rows come next, where several tasks share one encoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modaxfer.runner.rows.batches import training_batches

__all__ = ["mixed_batches", "steps_of"]

PHASE = 1000
"""Epochs of different phases shuffle differently."""


def steps_of(rows: Sequence[int], batch_size: int, temperature: float = 1.0) -> list[int]:
    """Return how many of an epoch's steps each task gets.

    An epoch has as many steps as all rows make batches. A task of n rows gets a share in proportion to
    ``n ** (1 / temperature)`` (temperature sampling; Arivazhagan et al. 2019), one step at least.
    """
    full = [-(-count // batch_size) for count in rows]
    weight = np.array(rows, dtype=float) ** (1 / temperature)
    shares = weight / weight.sum() * sum(full)
    return full if len(rows) == 1 else [max(1, round(share)) for share in shares]


def mixed_batches(
    lengths: Sequence[np.ndarray], batch_size: int, *, temperature: float, seed: int, phase: int, epoch: int
) -> list[tuple[int, np.ndarray]]:
    """Return the steps of one epoch: the task's number, and its rows.

    Each task goes through its own rows in its own order, and begins anew when they are used up. The order depends on
    the arguments alone, so that an interrupted epoch can be taken up again.

    Args:
        lengths: Tokens per row of each task's training rows.
        batch_size: Rows per optimiser step.
        temperature: See `steps_of`.
        seed: Of the run.
        phase: Number of the phase in the plan.
        epoch: Counted from 0.
    """
    steps = steps_of([len(rows) for rows in lengths], batch_size, temperature)
    queues = [
        iter(_batches(rows, batch_size, seed=seed, phase=phase, start=count * epoch, count=count))
        for rows, count in zip(lengths, steps, strict=True)
    ]
    turns = np.repeat(np.arange(len(steps)), steps)
    if len(steps) > 1:
        turns = np.random.default_rng([seed, phase, epoch]).permutation(turns)
    return [(int(task), next(queues[task])) for task in turns]


def _batches(
    lengths: np.ndarray, batch_size: int, *, seed: int, phase: int, start: int, count: int
) -> list[np.ndarray]:
    """Return batches `start` ... `start + count - 1` of a task's endless sequence of shuffled epochs."""
    per_epoch = -(-len(lengths) // batch_size)
    first, last = start // per_epoch, (start + count - 1) // per_epoch
    made = [
        batch
        for own in range(first, last + 1)
        for batch in training_batches(lengths, batch_size, seed=seed, epoch=own + PHASE * phase)
    ]
    return made[start - first * per_epoch :][:count]
