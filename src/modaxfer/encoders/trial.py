"""What a trial run of a whole model tells: which weights its tokens depend on, what a random one's batch norms see."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from modaxfer.encoders.opaque import ImageBody, OpaqueBody, norms_of_batches

__all__ = ["set_unused_aside", "start_afresh"]

PICTURES, PIXELS = 4, 100_000
"""Random pictures that statistics are taken from, at least, and their pixels: of small pictures more are needed."""


def set_unused_aside(body: OpaqueBody) -> None:
    """Turn the parameters of `body` that its tokens do not depend on into buffers, which are neither trained nor saved.

    Poolers and norms that only a pooled vector goes through would never get a gradient. The dependence is read off the
    graph of one small forward pass. A body without numbers (on the ``meta`` device) stays as it is.
    """
    if next(body.parameters()).is_meta:
        return
    training = body.training
    body.eval()
    with torch.random.fork_rng(devices=()), torch.enable_grad():
        used = _leaves(body.probe())
    body.train(training)
    for name, parameter in list(body.named_parameters()):
        if id(parameter) not in used:
            owner, _, last = name.rpartition(".")
            module = body.get_submodule(owner)
            delattr(module, last)
            module.register_buffer(last, parameter.detach(), persistent=False)


def start_afresh(body: nn.Module) -> None:
    """Give a random image model with batch norms a start from which it can learn.

    Its norms are never updated in training, so their statistics are taken from random pictures once: otherwise nothing
    would be normalised, signals would die out or explode over the depth, and training from scratch would look worse
    than it is. Convolutions start as in He et al. (2015), norms with scale one: some architectures' own start is so
    small that nothing comes out at the end. All is drawn from torch's generator, and nothing of a task goes in.
    """
    norms: list[Any] = norms_of_batches(body)
    if not norms or not isinstance(body, ImageBody) or next(body.parameters()).is_meta:
        return
    for module in body.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_parameters()
        norm.train()
        norm.momentum = None  # the plain average of all batches seen: here of one
    with torch.no_grad():
        body.see(torch.randn(max(PICTURES, PIXELS // body.size**2), 3, body.size, body.size))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def _leaves(output: torch.Tensor) -> set[int]:
    """Return the ids of all tensors that `output` was computed from and that take a gradient."""
    found, seen, open_ends = set(), set(), [output.grad_fn]
    while open_ends:
        node = open_ends.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        open_ends += [source for source, _ in node.next_functions]
    return found
