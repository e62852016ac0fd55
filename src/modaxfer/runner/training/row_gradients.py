"""The gradient of each row of a step by itself, as private training needs it: of a batch at once, or row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn

from modaxfer.runner.training.step import Chunk

__all__ = ["Forward", "batch_gradients", "rows_at_once", "single_gradients"]

MEMORY = 512e6
"""Bytes that the gradients of rows may take which are computed at once."""

Forward = Callable[[Sequence[Chunk]], Mapping[str, Mapping[str, torch.Tensor]]]
"""What the step module makes of chunks, at some progress of the phase."""


def rows_at_once(parameters: Mapping[str, nn.Parameter]) -> int:
    """Return how many rows' gradients fit into `MEMORY`, at least one."""
    return max(1, int(MEMORY / sum(4 * parameter.numel() for parameter in parameters.values())))


def single_gradients(forward: Forward, chunk: Chunk, parameters: Mapping[str, nn.Parameter]) -> dict[str, torch.Tensor]:
    """Return the gradient of the only row of `chunk`, ``[1, *shape]`` by parameter; what it does not reach is zero."""
    loss = _loss(forward, chunk)
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    return {
        name: (torch.zeros_like(parameter) if gradient is None else gradient).unsqueeze(0)
        for (name, parameter), gradient in zip(parameters.items(), found, strict=True)
    }


def batch_gradients(
    module: nn.Module, forward: Forward, chunk: Chunk, parameters: Mapping[str, nn.Parameter]
) -> dict[str, torch.Tensor] | None:
    """Return the gradient of each row of `chunk`, ``[rows, *shape]`` by parameter, from one way back over all of them.

    Of each layer what entered it and the gradient of what left it are enough (Goodfellow 2015); opacus knows how, by
    kind of layer. Rows must not meet in the model: `modaxfer.runner.training.private` compares a few of them.

    Args:
        module: The step module.
        forward: Runs it.
        chunk: Rows of one stream.
        parameters: What is trained, by name in `module`.

    Returns:
        None where a parameter belongs to no layer that opacus knows, or a layer does not see a row per row.
    """
    layers = _layers(module, parameters)
    if layers is None:
        return None
    rows = len(chunk.rows)
    found: dict[int, torch.Tensor] = {}
    with _watched(layers, rows, found) as fits:
        torch.autograd.grad(_loss(forward, chunk), list(parameters.values()), allow_unused=True)
    if not fits:
        return None
    return {
        name: found[id(parameter)] if id(parameter) in found else parameter.new_zeros((rows, *parameter.shape))
        for name, parameter in parameters.items()
    }


def _loss(forward: Forward, chunk: Chunk) -> torch.Tensor:
    """Return the losses of rows added up, each as if it were the only row of its step."""
    alone = replace(chunk, of=1, scales=dict.fromkeys(chunk.scales, 1.0))
    return torch.stack(list(forward([alone])["weighed"].values())).sum()


def _layers(module: nn.Module, parameters: Mapping[str, nn.Parameter]) -> list[nn.Module] | None:
    """Return the layers that the parameters belong to; None where one belongs to another kind of module, or to two."""
    from opacus.grad_sample import GradSampleModule

    wanted = {id(parameter) for parameter in parameters.values()}
    owners = [
        (layer, {id(own) for own in layer.parameters(recurse=False)} & wanted)
        for layer in dict.fromkeys(module.modules())
    ]
    layers = [layer for layer, own in owners if own]
    known = all(type(layer) in GradSampleModule.GRAD_SAMPLERS for layer in layers)
    return layers if known and sum(len(own) for _, own in owners) == len(wanted) else None


@contextmanager
def _watched(layers: Sequence[nn.Module], rows: int, found: dict[int, torch.Tensor]) -> Iterator[list[bool]]:
    """Let `layers` add the gradients of rows to `found` on the way back; what is yielded is empty if one cannot."""
    from opacus.grad_sample import GradSampleModule

    samplers: Mapping[type[nn.Module], Any] = GradSampleModule.GRAD_SAMPLERS
    fits = [True]

    def watch(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        given = inputs[0] if inputs else None
        if not isinstance(given, torch.Tensor) or not len(given) == len(output) == rows:
            fits.clear()
        elif output.requires_grad:
            output.register_hook(partial(take, layer, given.detach()))

    def take(layer: nn.Module, given: torch.Tensor, gradient: torch.Tensor) -> None:
        entered = given.float() if given.is_floating_point() else given
        with torch.no_grad(), torch.autocast(gradient.device.type, enabled=False):
            for parameter, own in samplers[type(layer)](layer, [entered], gradient.float()).items():
                known = found.get(id(parameter))
                found[id(parameter)] = own if known is None else known + own

    handles = [layer.register_forward_hook(watch) for layer in layers]
    try:
        yield fits
    finally:
        for handle in handles:
            handle.remove()
