"""What a score reads of the encoded rows: single layers, and the mean of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from modaxfer.contracts import Encoded

__all__ = ["live_layers", "mean_of_layers", "readings", "spreads"]


def spreads(layers: np.ndarray) -> np.ndarray:
    """Return how far the rows of each layer lie apart: root of the mean variance of its features, ``[layers]``."""
    found: np.ndarray = np.sqrt(layers.var(axis=1, dtype=np.float64).mean(axis=1))
    return found


def live_layers(layers: np.ndarray) -> tuple[int, ...]:
    """Return the layers in which rows differ; those before the first token has looked around may say one thing of all.

    Raises:
        RefusedError: There is none.
    """
    # What moves by less than float32 tells apart beside the features' own size does not move.
    size = np.sqrt(np.square(layers, dtype=np.float64).mean(axis=(1, 2)))
    live = np.flatnonzero(spreads(layers) > 1e-6 * size)
    if not len(live):
        raise RefusedError(
            "the encoder says the same of every row, so nothing can be told from it",
            fix="choose another encoder, bridge or pooling; are the inputs empty?",
        )
    return tuple(int(layer) for layer in live)


def mean_of_layers(layers: np.ndarray, live: Sequence[int]) -> np.ndarray:
    """Return the mean of the `live` layers, each divided by its spread so that all weigh alike, ``[rows, width]``.

    Hidden states grow from layer to layer in many encoders: a plain mean would be the last ones alone.
    """
    spread = spreads(layers)
    weights = np.array([1 / (len(live) * spread[layer]) for layer in live], np.float32)
    found: np.ndarray = np.tensordot(weights, layers[list(live)], axes=1)
    return found


def readings(encoded: Encoded, most: int) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Yield the mean of all layers, then layers from the last to the first: numbers and rows ``[rows, width]``.

    Args:
        encoded: The rows.
        most: Single layers that are read; of more, so many at equal distances, the last among them.

    Raises:
        RefusedError: No layer tells rows apart.
    """
    live = live_layers(encoded.layers)
    if len(live) > 1:
        yield live, mean_of_layers(encoded.layers, live)
    places = np.linspace(len(live) - 1, 0, min(most, len(live))).round().astype(int)
    for layer in (live[place] for place in places):
        yield (layer,), encoded.layers[layer]
