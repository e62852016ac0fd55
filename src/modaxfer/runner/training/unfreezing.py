"""Layers that begin to move one after another, from the top down (gradual unfreezing; Howard & Ruder 2018)."""

from __future__ import annotations

from collections.abc import Mapping

from modaxfer.plan import Part, Phase
from modaxfer.runner.model.transfer import ModelParameter

__all__ = ["Unfreezing"]


class Unfreezing:
    """When each parameter of a phase begins to move.

    A pure function of the phase's progress, so that a resumed run needs to be told nothing. A layer that has not begun
    loses its gradient before the optimiser sees it: neither its moments nor the clipped norm know of it.

    Args:
        trainable: Of the phase.
        phase: Its `unfreeze` is the share of the phase after which all layers move.
    """

    def __init__(self, trainable: Mapping[str, ModelParameter], phase: Phase) -> None:
        groups = sorted({_group(parameter) for parameter in trainable.values()})
        last = max(len(groups) - 1, 1)
        self._opens = [
            (phase.unfreeze * groups.index(_group(parameter)) / last, parameter.tensor)
            for parameter in trainable.values()
            if phase.unfreeze
        ]

    def hold(self, progress: float) -> None:
        """Take the gradients of what does not move yet."""
        for opens, tensor in self._opens:
            if progress < opens:
                tensor.grad = None

    def closed(self, progress: float) -> set[int]:
        """Return the identities of the parameters that have not begun to move before `progress`."""
        return {id(tensor) for opens, tensor in self._opens if opens > 0 and progress <= opens}


def _group(parameter: ModelParameter) -> int:
    """Return 0 of what is fresh, then layers from the top; of several encoders each counts from its own top."""
    if parameter.part in (Part.HEAD, Part.BRIDGE):
        return 0
    return parameter.depth - parameter.layer
