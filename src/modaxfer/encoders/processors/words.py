"""Which token stands for which word: the first that holds any of its characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modaxfer.contracts import UNREAD

__all__ = ["first_tokens", "padded_places", "places_in", "unread_line"]


def first_tokens(words: Sequence[str], offsets: Sequence[Sequence[int]], special: Sequence[int]) -> np.ndarray:
    """Return the place of each word's first token, int32 ``[words]``; `UNREAD` for a word that no token holds.

    The first subword stands for the word, as in Devlin et al. (2019, section 5.3).

    Args:
        words: Of a text that is these words with one space between them.
        offsets: ``[tokens, 2]``: where the characters of each token begin and stop in that text.
        special: ``[tokens]``: 1 where the tokenizer added a token that is no part of the text.
    """
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    starts = ends - [len(word) for word in words]
    spans = np.asarray(offsets, np.int64).reshape(-1, 2)
    there = np.flatnonzero((np.asarray(special) == 0) & (spans[:, 1] > spans[:, 0]))
    # Tokens follow each other: the first that stops behind a word's beginning is its first, if it begins in the word.
    found = np.searchsorted(spans[there, 1], starts, side="right")
    firsts = np.append(there, UNREAD)[found]
    begins = np.append(spans[there, 0], np.iinfo(np.int64).max)[found]
    return np.where(begins < ends, firsts, UNREAD).astype(np.int32)


def places_in(read: np.ndarray, firsts: np.ndarray) -> np.ndarray:
    """Return where the tokens `firsts` stand among those that are read, int32 ``[words]``; `UNREAD` where not at all.

    Args:
        read: Places of the tokens that are read, in order; windows may hold one more than once.
        firsts: What `first_tokens` returned.
    """
    where = np.full(max(int(read.max(initial=0)), int(firsts.max(initial=0))) + 2, UNREAD)
    # From behind: of a token that stands in two windows the first counts.
    where[read[::-1]] = np.arange(len(read))[::-1]
    places: np.ndarray = where[firsts].astype(np.int32)
    return places


def padded_places(units: np.ndarray, windows: np.ndarray | None, longest: int) -> np.ndarray:
    """Return places among the tokens of a row once each of its windows is padded to `longest` tokens.

    Args:
        units: Places among the tokens as they are, and `UNREAD`.
        windows: Tokens of each window; None for a row that is not read in windows.
        longest: Tokens of a padded window.
    """
    if windows is None:
        return units
    stops = np.cumsum(windows)
    window = np.searchsorted(stops, units, side="right")
    return np.where(units == UNREAD, UNREAD, units + (np.arange(len(windows)) * longest - (stops - windows))[window])


def unread_line(words: int, unread: int) -> tuple[str, ...]:
    """Return a line for people where some of the `words` were not read."""
    if not unread:
        return ()
    return (f"{unread:,} of {words:,} words were not read, and are tagged as outside of spans",)
