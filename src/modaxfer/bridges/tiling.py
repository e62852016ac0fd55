"""Where tiles and panels of a picture begin and end."""

from __future__ import annotations

__all__ = ["cuts", "spread"]


def cuts(length: int, count: int, unit: int | None) -> tuple[int, ...]:
    """Divide `length` pixels into `count` stretches that fill it and are as equal as can be.

    Args:
        length: Pixels to divide.
        count: Number of stretches, at most `length`.
        unit: Side of the encoder's patches: boundaries fall between patches where there are enough of them, so that no
            patch shows two stretches. None where there are none.

    Returns:
        ``count + 1`` boundaries, from 0 to `length`.
    """
    patches = length // unit if unit else 0
    if unit and patches >= count:
        return (*(round(index * patches / count) * unit for index in range(count)), length)
    return tuple(round(index * length / count) for index in range(count + 1))


def spread(count: int, rows: int) -> tuple[int, ...]:
    """Return how many of `count` things stand in each of `rows` rows, as equal as can be, fuller rows first."""
    return tuple(count // rows + (row < count % rows) for row in range(rows))
