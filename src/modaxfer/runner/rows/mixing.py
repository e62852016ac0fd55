"""Which rows of which streams come next: the order of a phase's steps, a pure function of seed, phase and epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from modaxfer.plan import Alternate, Together
from modaxfer.runner.rows.batches import training_batches

__all__ = [
    "Rows",
    "epoch_steps",
    "rows_trained",
    "steps_by_chance",
    "steps_of",
    "steps_per_epoch",
    "steps_together",
    "steps_with_turns",
]

Rows = dict[str, np.ndarray]
"""Row numbers of one step, by stream."""

PHASE, STREAM = 1_000, 1_000_000
"""Epochs of different phases, and of streams that are drawn together, shuffle differently."""


def epoch_steps(
    mixing: Alternate | Together,
    lengths: Mapping[str, np.ndarray],
    batch_size: int,
    *,
    seed: int,
    phase: int,
    epoch: int,
    by_chance: bool = False,
) -> list[Rows]:
    """Return the steps of one epoch. They depend on the arguments alone, so that a broken epoch can be resumed.

    Args:
        mixing: How streams share the steps.
        lengths: Tokens per row of each stream.
        batch_size: Rows per stream and step.
        seed: Of the run.
        phase: Number of the phase in the plan.
        epoch: Counted from 0.
        by_chance: Whether each row of the only stream is in each step or not by chance, see `steps_by_chance`.
    """
    if by_chance:
        return steps_by_chance(lengths, batch_size, seed=seed, phase=phase, epoch=epoch)
    own = {"seed": seed, "phase": phase, "epoch": epoch}
    if isinstance(mixing, Alternate):
        return steps_with_turns(lengths, batch_size, temperature=mixing.temperature, **own)
    return steps_together(lengths, batch_size, longest=mixing.epoch, **own)


def steps_per_epoch(mixing: Alternate | Together, lengths: Mapping[str, np.ndarray], batch_size: int) -> int:
    """Return how many steps an epoch has."""
    rows = {name: len(own) for name, own in lengths.items()}
    if isinstance(mixing, Alternate):
        return sum(steps_of([*rows.values()], batch_size, mixing.temperature))
    return -(-(rows[mixing.epoch] if mixing.epoch else max(rows.values())) // batch_size)


def rows_trained(
    mixing: Alternate | Together, lengths: Mapping[str, np.ndarray], batch_size: int, *, steps: int, epochs: float
) -> dict[str, float]:
    """Return how many rows of each stream so many steps, or epochs, have had; fractions of steps are not rounded.

    Streams that are drawn together give a batch each; where they take turns the rows of an epoch are shared as its
    steps are.
    """
    counts = {name: len(own) for name, own in lengths.items()}
    if isinstance(mixing, Together) and len(counts) > 1:
        return {name: steps * min(batch_size, count) for name, count in counts.items()}
    turns = steps_of([*counts.values()], batch_size, mixing.temperature if isinstance(mixing, Alternate) else 1.0)
    rows = epochs * sum(counts.values())
    return {name: rows * own / sum(turns) for name, own in zip(counts, turns, strict=True)}


def steps_of(rows: Sequence[int], batch_size: int, temperature: float = 1.0) -> list[int]:
    """Return how many of an epoch's steps each stream gets, where they take turns.

    An epoch has as many steps as all rows make batches. A stream of n rows gets a share in proportion to
    ``n ** (1 / temperature)`` (temperature sampling; Arivazhagan et al. 2019), one step at least.
    """
    full = [-(-count // batch_size) for count in rows]
    weight = np.array(rows, dtype=float) ** (1 / temperature)
    shares = weight / weight.sum() * sum(full)
    return full if len(rows) == 1 else [max(1, round(share)) for share in shares]


def steps_with_turns(
    lengths: Mapping[str, np.ndarray], batch_size: int, *, temperature: float, seed: int, phase: int, epoch: int
) -> list[Rows]:
    """Return the steps of one epoch, each of one stream.

    Each stream goes through its own rows in its own order, and begins again when they are used up.
    """
    steps = steps_of([len(rows) for rows in lengths.values()], batch_size, temperature)
    queues = [
        iter(_batches(rows, batch_size, seed=seed, shift=PHASE * phase, start=count * epoch, count=count))
        for rows, count in zip(lengths.values(), steps, strict=True)
    ]
    turns = np.repeat(np.arange(len(steps)), steps)
    if len(steps) > 1:
        turns = np.random.default_rng([seed, phase, epoch]).permutation(turns)
    names = [*lengths]
    return [{names[turn]: next(queues[turn])} for turn in turns]


def steps_by_chance(
    lengths: Mapping[str, np.ndarray], batch_size: int, *, seed: int, phase: int, epoch: int
) -> list[Rows]:
    """Return the steps of one epoch of one stream by Poisson sampling, as many as its rows make batches.

    Each row is in each step or not, by itself, with a chance of ``batch_size / rows``: how many there are is drawn
    first, then which. A step may have none.
    """
    ((name, own),) = lengths.items()
    made = []
    for step in range(-(-len(own) // batch_size)):
        generator = np.random.default_rng([seed, phase, epoch, step])
        count = generator.binomial(len(own), min(1.0, batch_size / len(own)))
        made.append({name: generator.choice(len(own), count, replace=False)})
    return made


def steps_together(
    lengths: Mapping[str, np.ndarray], batch_size: int, *, longest: str, seed: int, phase: int, epoch: int
) -> list[Rows]:
    """Return the steps of one epoch, each with a batch of every stream.

    With several streams every batch is full, as far as its stream has the rows: a covariance of two rows says nothing.
    The last batch of a stream's epoch is topped up with rows of the others.
    """
    count = steps_per_epoch(Together(epoch=longest), lengths, batch_size)
    several = len(lengths) > 1
    queues = {
        name: _batches(
            rows,
            batch_size,
            seed=seed,
            shift=PHASE * phase + STREAM * place,
            start=count * epoch,
            count=count,
            full=several,
        )
        for place, (name, rows) in enumerate(lengths.items())
    }
    return [{name: queue[step] for name, queue in queues.items()} for step in range(count)]


def _batches(
    lengths: np.ndarray, batch_size: int, *, seed: int, shift: int, start: int, count: int, full: bool = False
) -> list[np.ndarray]:
    """Return batches `start` ... `start + count - 1` of a stream's endless sequence of shuffled epochs."""
    per_epoch = -(-len(lengths) // batch_size)
    first, last = start // per_epoch, (start + count - 1) // per_epoch
    made = [
        _topped_up(batch, len(lengths), batch_size, [seed, own + shift, 1]) if full else batch
        for own in range(first, last + 1)
        for batch in training_batches(lengths, batch_size, seed=seed, epoch=own + shift)
    ]
    return made[start - first * per_epoch :][:count]


def _topped_up(batch: np.ndarray, rows: int, batch_size: int, seed: Sequence[int]) -> np.ndarray:
    """Return `batch` with as many other rows as it lacks, none of them twice."""
    lacks = min(batch_size, rows) - len(batch)
    if lacks <= 0:
        return batch
    others = np.setdiff1d(np.arange(rows), batch)
    return np.concatenate([batch, np.random.default_rng(seed).permutation(others)[:lacks]])
