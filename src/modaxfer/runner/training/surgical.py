"""Layers learn as fast as their relative gradient norm says (auto-RGN; Lee et al. 2023, "Surgical Fine-Tuning")."""

from __future__ import annotations

import math
from collections.abc import Iterable

from modaxfer.plan import Part
from modaxfer.runner.model.transfer import ModelParameter

__all__ = ["layer_factors", "layer_name"]

FRESH = (Part.HEAD, Part.BRIDGE)


def layer_factors(trainable: Iterable[ModelParameter]) -> dict[str, float]:
    """Return by layer ``|g| / |w|``, the largest as 1, from the gradients that are there now; fresh parts have none.

    A layer without a gradient gets none of the rate: it has not begun to move.
    """
    sums: dict[str, list[float]] = {}
    for parameter in trainable:
        if parameter.part in FRESH:
            continue
        gradient, weight = sums.setdefault(layer_name(parameter), [0.0, 0.0])
        own = 0.0 if parameter.tensor.grad is None else float(parameter.tensor.grad.double().square().sum())
        size = float(parameter.tensor.detach().double().square().sum())
        sums[layer_name(parameter)] = [gradient + own, weight + size]
    norms = {name: math.sqrt(gradient / weight) if weight else 0.0 for name, (gradient, weight) in sums.items()}
    largest = max(norms.values(), default=0.0)
    return {name: norm / largest if largest else 1.0 for name, norm in norms.items()}


def layer_name(parameter: ModelParameter) -> str:
    """Return what a parameter's layer is called; nothing for fresh parts, whose rate stays."""
    return "" if parameter.part in FRESH else f"{parameter.layer} of {parameter.depth}"
