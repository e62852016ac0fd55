"""Uniform guesses, as even as they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

__all__ = ["GUESSES", "class_guesses"]

GUESSES = 60
"""Guesses per row that a chance score is averaged over, at least."""


def class_guesses(sides: int, shape: int | tuple[int, ...], generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield int64 guesses of `shape` in rounds in which each place says every one of 0 ... `sides` - 1 once.

    So the mean accuracy and recall over a round are exact: 1 / sides.
    """
    for _ in range(-(-GUESSES // sides)):
        first = generator.integers(0, sides, size=shape)
        for shift in range(sides):
            yield (first + shift) % sides
