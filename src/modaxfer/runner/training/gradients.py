"""The gradient of each loss of a step by itself, for combiners that weigh gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import distributed, nn

from modaxfer.contracts import GradientCombiner
from modaxfer.runner.processes.gather import world_size

__all__ = ["LossGradients"]

Gradients = list[torch.Tensor | None]


class LossGradients:
    """Gradients of a step's losses, added up over its passes.

    They are taken without the hooks that several processes exchange gradients by, which count on one way back per pass,
    and exchanged when the step is whole: what is made of them is no sum of what each pass would make.

    Args:
        parameters: All that the phase trains.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = tuple(parameters)
        self._found: dict[str, Gradients] = {}

    def add(self, losses: Mapping[str, torch.Tensor]) -> None:
        """Add the gradients of the losses of one pass, each this process's part of the step's."""
        reaching = {name: loss for name, loss in losses.items() if loss.requires_grad}
        for place, (name, loss) in enumerate(reaching.items(), 1):
            own = torch.autograd.grad(loss, self._parameters, retain_graph=place < len(reaching), allow_unused=True)
            before = self._found.setdefault(name, [None] * len(own))
            self._found[name] = [_added(one, other) for one, other in zip(before, own, strict=True)]

    def combine(self, combiner: GradientCombiner) -> None:
        """Leave in each parameter what `combiner` makes of the gradients, the same in every process; forget them."""
        names, found = [*self._found], [*self._found.values()]
        for gradients in found:
            for gradient in gradients:
                _exchange(gradient)
        shared = [sum(one is not None for one in own) > 1 for own in zip(*found, strict=True)]
        weights = _agreed(combiner.weigh_gradients(_gramian(found, shared))) if any(shared) else [1.0] * len(names)
        for parameter, several, *own in zip(self._parameters, shared, *found, strict=True):
            parts = [
                (weight if several else 1.0) * one for weight, one in zip(weights, own, strict=True) if one is not None
            ]
            parameter.grad = torch.stack(parts).sum(0) if parts else None
        self._found = {}


def _added(one: torch.Tensor | None, other: torch.Tensor | None) -> torch.Tensor | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _exchange(gradient: torch.Tensor | None) -> None:
    """Add up over processes: each has a part of the step's rows."""
    if gradient is not None and world_size() > 1:
        distributed.all_reduce(gradient)


def _gramian(found: Sequence[Gradients], shared: Sequence[bool]) -> torch.Tensor:
    """Return inner products over the shared parameters, float32 ``[losses, losses]``."""
    made = torch.zeros(len(found), len(found), dtype=torch.float64)
    for row, own in enumerate(found):
        for column, other in enumerate(found[: row + 1]):
            products = [
                (one.float() * two.float()).sum()
                for one, two, several in zip(own, other, shared, strict=True)
                if several and one is not None and two is not None
            ]
            made[row, column] = made[column, row] = float(torch.stack(products).sum()) if products else 0.0
    return made.float()


def _agreed(weights: torch.Tensor) -> list[float]:
    """Return the first process's weights: some draw the order in which they compare."""
    if world_size() > 1:
        place = torch.device("cuda", torch.cuda.current_device()) if distributed.get_backend() == "nccl" else "cpu"
        weights = weights.to(place)
        distributed.broadcast(weights, 0)
    found: list[float] = weights.tolist()
    return found
