"""Encoded rows, as transferability scores judge them: made up, their classes as far apart as is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from modaxfer.contracts import Encoded

__all__ = ["drawn", "encoded_rows"]


def encoded_rows(layers: Any, targets: Any, **other: Any) -> Encoded:
    """Return rows of `layers`, one ``[rows, width]`` or several, with targets of the problem that their type shows."""
    layers, targets = np.asarray(layers, np.float32), np.asarray(targets)
    whole = layers[None] if layers.ndim == 2 else layers
    if targets.ndim == 2:
        problem, count = "multilabel", targets.shape[1]
    elif np.issubdtype(targets.dtype, np.integer):
        count = int(targets.max()) + 1
        problem = "binary" if count == 2 else "multiclass"
    else:
        problem, count = "regression", 0
    names = tuple(f"class {number}" for number in range(count))
    return Encoded(layers=whole, targets=targets, problem=problem, classes=names, **other)


def drawn(
    rows: int = 120, width: int = 6, classes: int = 3, layers: int = 1, seed: int = 0, signal: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return layers ``[layers, rows, width]`` of Gaussian classes that lie `signal` apart, and their targets."""
    rng = np.random.default_rng(seed)
    targets = np.arange(rows) % classes
    means = signal * rng.normal(size=(layers, classes, width))
    return rng.normal(size=(layers, rows, width)) + means[:, targets], targets
