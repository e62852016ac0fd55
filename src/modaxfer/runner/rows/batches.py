"""Which rows go through the model together: batches of like length, split to a token budget and over processes."""

from __future__ import annotations

import numpy as np

__all__ = ["ENOUGH_TOKENS", "evaluation_batches", "micro_batches", "most_passes", "training_batches"]

MEGABATCH = 50
"""Batches that are sorted by length together; as in Transformers' length-grouped sampler."""

ENOUGH_TOKENS = 2_048
"""A pass of so many tokens keeps a processor busy; a longer one gains nothing by rows that are mostly padding."""

LEAST_FILLED = 0.9
"""A row that is shorter than this share of the longest in a pass that has enough begins the next."""


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
    mine = _share(rows, lengths, rank, world)
    return _passes(mine, lengths, max_tokens, most=max(1, -(-len(mine) // at_least)))


def most_passes(rows: np.ndarray, lengths: np.ndarray, *, max_tokens: int, at_least: int = 1, world: int) -> int:
    """Return how many passes `micro_batches` gives the process that has the most; each process counts alone."""
    passes = (
        micro_batches(rows, lengths, max_tokens=max_tokens, at_least=at_least, rank=rank, world=world)
        for rank in range(world)
    )
    return max(map(len, passes))


def evaluation_batches(lengths: np.ndarray, *, max_tokens: int, rank: int = 0, world: int = 1) -> list[np.ndarray]:
    """Split all rows, longest first, into forward passes for one process.

    Args:
        lengths: Tokens per row, ``[rows]``.
        max_tokens: Largest padded size (rows times longest) of one pass; a single longer row still goes alone.
        rank: This process; each takes every `world`-th row by length.
        world: All processes.

    Returns:
        Row numbers per pass. Little of a pass that has `ENOUGH_TOKENS` is padding, see `LEAST_FILLED`.
    """
    mine = _share(np.arange(len(lengths)), lengths, rank, world)
    return _passes(mine, lengths, max_tokens, most=max(1, len(mine)), enough=ENOUGH_TOKENS)


def _share(rows: np.ndarray, lengths: np.ndarray, rank: int, world: int) -> np.ndarray:
    """Return the rows of one process, longest first."""
    return rows[np.argsort(-lengths[rows], kind="stable")][rank::world]


def _passes(
    mine: np.ndarray, lengths: np.ndarray, max_tokens: int, *, most: int, enough: int | None = None
) -> list[np.ndarray]:
    """Cut rows, longest first, into passes of at most `most`; from `enough` tokens on without much shorter ones."""
    passes, start, shrinking = [], 0, -np.maximum(lengths[mine], 1)
    while start < len(mine):
        longest = -shrinking[start]
        count = min(most, max(1, int(max_tokens // longest)))
        if enough is not None:
            alike = np.searchsorted(shrinking, -LEAST_FILLED * longest, side="right") - start
            count = min(count, max(int(alike), int(-(-enough // longest))))
        passes.append(mine[start : start + count])
        start += count
    return passes
