"""The simple model of tagged rows: what each word is tagged most often in the training rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence

__all__ = ["PLACES", "WORDS", "MostFrequentTag"]

WORDS = "most frequent tag of each word"
PLACES = "most frequent tag at each place"
"""What the model is called for rows of words, and for rows whose parts have no name: patches, stretches of a sound."""


class MostFrequentTag:
    """Says of each part of a row what it is tagged most often in the training rows (Brill 1992's first tagger).

    A part that no training row has gets the tag that is most frequent of all. Of tags that are equally frequent the one
    that was seen first is taken.

    Args:
        rows: What the parts of the training rows are: their words, or where they have no name their places.
        tags: One per part.
    """

    def __init__(self, rows: Iterable[Sequence[Hashable]], tags: Iterable[Sequence[str]]) -> None:
        counts: dict[Hashable, Counter[str]] = defaultdict(Counter)
        every = Counter[str]()
        for parts, own in zip(rows, tags, strict=True):
            for part, tag in zip(parts, own, strict=True):
                counts[part][tag] += 1
                every[tag] += 1
        self._tags = {part: found.most_common(1)[0][0] for part, found in counts.items()}
        self._default = every.most_common(1)[0][0]

    def __call__(self, parts: Sequence[Hashable]) -> tuple[str, ...]:
        """Return the tag of each part of a row."""
        return tuple(self._tags.get(part, self._default) for part in parts)
