"""Encoded rows that tests make up."""

from __future__ import annotations

import numpy as np

from modaxfer.contracts import Encoded


def encoded_rows(layers, targets, **other):
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


def drawn(rows=120, width=6, classes=3, layers=1, seed=0, signal=1.0):
    """Return layers ``[layers, rows, width]`` of Gaussian classes that lie `signal` apart, and their targets."""
    rng = np.random.default_rng(seed)
    targets = np.arange(rows) % classes
    means = signal * rng.normal(size=(layers, classes, width))
    return rng.normal(size=(layers, rows, width)) + means[:, targets], targets
