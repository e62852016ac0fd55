"""Which rows go through the model together: batches of like length, split to a token budget and over processes."""

from __future__ import annotations

import numpy as np

__all__ = ["evaluation_batches", "micro_batches", "most_passes", "training_batches"]

MEGABATCH = 50
"""Batches that are sorted by length together; as in Transformers' length-grouped sampler."""


def training_batches(lengths: np.ndarray, batch_size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """Shuffle rows into batches of like length.

    Rows are shuffled, sorted by length inside mega-batches, cut into batches, and the batches are shuffled. The order
    depends on `seed` and `epoch` alone, so that an interrupted epoch can be resumed.

    Args:
        lengths: Tokens per row, ``[rows]``.
        batch_size: Rows per optimiser step, over all processes.
        seed: Of the run.
        epoch: Counted from 0.

    Returns:
        Row numbers per optimiser step; every row once, the smallest batch has at least one.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    width = batch_size * MEGABATCH
    batches: list[np.ndarray] = []
    for start in range(0, len(order), width):
        mega = order[start : start + width]
        mega = mega[np.argsort(-lengths[mega], kind="stable")]
        batches += [mega[cut : cut + batch_size] for cut in range(0, len(mega), batch_size)]
    return [batches[place] for place in generator.permutation(len(batches))]


def micro_batches(
    rows: np.ndarray, lengths: np.ndarray, *, max_tokens: int, at_least: int = 1, rank: int = 0, world: int = 1
) -> list[np.ndarray]:
    """Split the rows of one step into forward passes for one process.

    Each process takes every `world`-th row by length, so that all have about the same work.

    Args:
        rows: Row numbers of the step.
        lengths: Tokens per row of the whole split.
        max_tokens: Largest padded size (rows times longest) of one pass; a single longer row still goes alone.
        at_least: Number of passes wanted at the least.
        rank: This process.
        world: All processes.

    Returns:
        Row numbers per pass, longest first; empty if there are fewer rows than processes.
    """
    mine = rows[np.argsort(-lengths[rows], kind="stable")][rank::world]
    if not len(mine):
        return []
    most = max(1, -(-len(mine) // at_least))
    passes, start = [], 0
    while start < len(mine):
        count = min(most, max(1, int(max_tokens // max(1, lengths[mine[start]]))))
        passes.append(mine[start : start + count])
        start += count
    return passes


def most_passes(rows: np.ndarray, lengths: np.ndarray, *, max_tokens: int, at_least: int = 1, world: int) -> int:
    """Return how many passes `micro_batches` gives the process that has the most; each process counts alone."""
    passes = (
        micro_batches(rows, lengths, max_tokens=max_tokens, at_least=at_least, rank=rank, world=world)
        for rank in range(world)
    )
    return max(map(len, passes))


def evaluation_batches(lengths: np.ndarray, *, max_tokens: int, rank: int = 0, world: int = 1) -> list[np.ndarray]:
    """Split all rows, longest first, into forward passes of at most `max_tokens` padded tokens for one process."""
    return micro_batches(np.arange(len(lengths)), lengths, max_tokens=max_tokens, rank=rank, world=world)
