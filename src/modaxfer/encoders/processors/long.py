"""Which tokens of a text, and which samples of a sound, are read where there are more than the encoder holds.

A text is given as the mask of its special tokens. Between them lie its parts: one of a single text, two of a pair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["HEAD_TAIL", "ends", "stretches", "windows"]

HEAD_TAIL = 128 / 510
"""Share of the first tokens in what is kept of a long text (Sun et al. 2019, "How to Fine-Tune BERT for Text
Classification?", section 5.3.1: 128 tokens of the head and 382 of the tail)."""


def ends(special: np.ndarray, most: int, head: float) -> np.ndarray:
    """Return the places of the first and last tokens of each part, int64 ``[at most most]``.

    Args:
        special: bool ``[tokens]``, True where the tokenizer added a special token; those all stay.
        most: Tokens that can be read, special ones included. The longest part is cut first.
        head: Share of the first tokens in what is kept: 1 cuts the end off, 0 the beginning.
    """
    keep = special.copy()
    runs = _runs(special)
    for (start, stop), share in zip(runs, _shares(runs, most - int(special.sum())), strict=True):
        first = round(head * share)
        keep[start : start + first] = True
        keep[stop - (share - first) : stop] = True
    return np.flatnonzero(keep)


def windows(special: np.ndarray, most: int, at_most: int) -> list[np.ndarray]:
    """Return the places of the tokens of each window, int64 ``[at most most]``; each holds all special tokens.

    Windows of one text are equally long, so that each counts the same in their mean: the last one overlaps the one
    before. Of a pair, a part that fits its share stands in every window. A text that needs more than `at_most` windows
    is read in that many, spread from its first token to its last.

    Args:
        special: bool ``[tokens]``, True where the tokenizer added a special token.
        most: Tokens of a window, special ones included.
        at_most: Most windows.
    """
    runs = _runs(special)
    shares = _shares(runs, most - int(special.sum()))
    needed = [-(-(stop - start) // share) for (start, stop), share in zip(runs, shares, strict=True) if share]
    count = min(at_most, max(needed, default=1))
    return [_window(special, runs, shares, place / (count - 1) if count > 1 else 0.0) for place in range(count)]


def stretches(length: int, most: int) -> list[tuple[int, int]]:
    """Return start and stop of the windows of a sound of `length` samples, of `most` each, or one that is shorter.

    They are equally long, as those of a text; the first begins with the sound and the last one ends with it.
    """
    size, count = min(length, most), max(1, -(-length // most))
    starts = [round(place / (count - 1) * (length - size)) if count > 1 else 0 for place in range(count)]
    return [(start, start + size) for start in starts]


def _window(special: np.ndarray, runs: Sequence[tuple[int, int]], shares: Sequence[int], along: float) -> np.ndarray:
    keep = special.copy()
    for (start, stop), share in zip(runs, shares, strict=True):
        first = start + round(along * (stop - start - share))
        keep[first : first + share] = True
    return np.flatnonzero(keep)


def _runs(special: np.ndarray) -> list[tuple[int, int]]:
    """Return start and stop of each stretch between special tokens."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], special, [True]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _shares(runs: Sequence[tuple[int, int]], budget: int) -> list[int]:
    """Share `budget` tokens out: the longest part gives way first, down to equal shares."""
    lengths = [stop - start for start, stop in runs]
    shares = [0] * len(lengths)
    left = max(0, budget)
    for done, place in enumerate(sorted(range(len(lengths)), key=lengths.__getitem__)):
        shares[place] = min(lengths[place], left // (len(lengths) - done))
        left -= shares[place]
    return shares
