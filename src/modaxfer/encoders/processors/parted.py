"""Windows of one row as one example, and apart again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modaxfer.contracts import UNITS, WINDOWS, Example

__all__ = ["apart", "together"]


def together(windows: Sequence[Example]) -> Example:
    """Return the windows of a row one behind the other, `WINDOWS` int32 ``[windows]`` holds the length of each."""
    arrays = {key: np.concatenate([window[key] for window in windows]) for key in windows[0]}
    return {**arrays, WINDOWS: np.array([len(next(iter(window.values()))) for window in windows], np.int32)}


def apart(example: Example) -> list[Example]:
    """Return the windows of a row as examples of their own; a row without windows as it is, but for its words."""
    tokens = {key: values for key, values in example.items() if key not in (WINDOWS, UNITS)}
    if WINDOWS not in example:
        return [tokens]
    starts = np.cumsum(example[WINDOWS])[:-1]
    arrays = {key: np.split(values, starts) for key, values in tokens.items()}
    return [{key: parts[place] for key, parts in arrays.items()} for place in range(len(example[WINDOWS]))]
