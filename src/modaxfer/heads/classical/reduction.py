"""Fewer dimensions before the head: principal components, discriminant directions, or an autoencoder's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from modaxfer.contracts import Features
from modaxfer.heads.classical.discriminant import discriminant_directions
from modaxfer.heads.reduced import CodeReducer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.heads.classical.space import Space

__all__ = ["reduce_blocks", "reduce_linearly", "train_code"]

SHRINKAGE = 0.3
"""Of the covariance within classes in an LDA reduction; unshrunk, a few thousand rows are separated by chance alone."""

HIDDEN = 256
EPOCHS = 40
BATCH = 256


def reduce_linearly(space: Space, reduction: str, components: int) -> Space:
    """Project `space` to at most `components` dimensions by ``pca`` or ``lda``; ``none`` returns it as it is.

    Directions are those of each split's own training rows.
    """
    if reduction == "none":
        return space
    if reduction == "lda":
        return space.project(discriminant_directions(space, components, SHRINKAGE))
    kept = min(components, space.components)
    return space.project(torch.linalg.eigh(space.gram).eigenvectors[:, :, -kept:])


def reduce_blocks(space: Space, widths: Sequence[int], components: int) -> Space:
    """Project each block of columns to principal components of its own, at most `components` of each.

    Args:
        space: With ``sum(widths)`` columns.
        widths: Columns of each block.
        components: Of a block.
    """
    found = []
    for block in torch.split(torch.arange(sum(widths)), list(widths)):
        kept = min(components, len(block))
        vectors = torch.linalg.eigh(space.gram[:, block][:, :, block]).eigenvectors[:, :, -kept:]
        whole = torch.zeros(len(vectors), sum(widths), kept)
        whole[:, block] = vectors
        found.append(whole)
    return space.project(torch.cat(found, 2))


def train_code(rows: torch.Tensor, components: int, seed: int) -> CodeReducer:
    """Train an autoencoder with one hidden layer on each side and return its encoder (Hinton & Salakhutdinov 2006).

    Args:
        rows: Training features ``[rows, width]``.
        components: Length of the code.
        seed: Of initialisation and order.
    """
    deviation, mean = torch.std_mean(rows, dim=0, correction=0)
    width = rows.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = CodeReducer(width, min(HIDDEN, width), components)
        decoder = nn.Sequential(nn.GELU(), nn.Linear(components, min(HIDDEN, width)), nn.GELU())
        decoder.append(nn.Linear(min(HIDDEN, width), width))
        encoder.mean.copy_(mean)
        encoder.scale.copy_(torch.where(deviation > 1e-6, deviation, torch.ones(())))
        _reconstruct(encoder, decoder, rows)
    return encoder.requires_grad_(False)


def _reconstruct(encoder: CodeReducer, decoder: nn.Module, rows: torch.Tensor) -> None:
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    for _ in range(EPOCHS):
        for batch in torch.split(rows[torch.randperm(len(rows))], BATCH):
            loss = functional.mse_loss(decoder(encoder(Features(pooled=batch))), (batch - encoder.mean) / encoder.scale)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
