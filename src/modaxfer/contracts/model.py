"""The model: encoders that can be cut between layers, what they say of a batch, and heads that read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modaxfer.contracts.rows import Batch, Processor
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["PARTS", "Encoder", "Features", "Head", "Hidden", "Readout", "pool"]


@dataclass(frozen=True)
class Hidden:
    """States between two layers."""

    tokens: torch.Tensor
    """``[batch, tokens, hidden]``."""
    mask: torch.Tensor
    """bool ``[batch, tokens]``."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """What one or more encoders say of a batch; a head and losses read it.

    Nothing in it is made up: where vectors come from the cache there are no tokens.
    """

    pooled: torch.Tensor
    """``[batch, width]``: of one encoder ``hidden`` numbers, ``2 * hidden`` for mean and deviation, where each part of
    a row is predicted ``[batch, parts, hidden]``. Of n encoders n numbers, each 1 where its fields are there and 0
    where not, then the vectors of all."""
    by_tower: tuple[Hidden, ...] = ()
    """By encoder the states of the highest layer read, with the final norm where that is the last, and their mask. Of a
    row in several windows: the real tokens of all windows, one window after the other. Empty: no token is known."""
    by_layer: Mapping[int, torch.Tensor] = field(default_factory=dict)
    """Where they were asked for, the vectors ``[batch, width]`` of the only encoder's layers, pooled as the head has
    them: of the one where the batch enters, and of all above up to the highest one read."""

    @property
    def tokens(self) -> torch.Tensor:
        """States of the only encoder, ``[batch, tokens, hidden]``.

        Raises:
            RefusedError: They are not known, or there are several encoders.
        """
        return self._only.tokens

    @property
    def mask(self) -> torch.Tensor:
        """Which of `tokens` are real, bool ``[batch, tokens]``.

        Raises:
            RefusedError: As for `tokens`.
        """
        return self._only.mask

    @property
    def _only(self) -> Hidden:
        if len(self.by_tower) == 1:
            return self.by_tower[0]
        raise RefusedError(
            "features have no tokens of one encoder",
            got=f"tokens of {len(self.by_tower)} encoders" if self.by_tower else "pooled vectors alone",
            fix='a head that reads tokens says so with reads = "tokens"; those of several encoders are in by_tower',
        )


@dataclass(frozen=True, kw_only=True)
class Readout:
    """Which layers a head reads and how tokens are pooled; saved with the run.

    Layer 0 is the embedding, layer `depth` the last one with its final norm. `weights` mix the pooled vectors of
    `layers` and sum to one.
    """

    layers: tuple[int, ...]
    weights: tuple[float, ...] = (1.0,)
    pooling: str = "mean"
    """``cls`` (first token), ``mean`` or ``mean_std`` (mean and standard deviation, over real tokens) make one vector
    of a row. ``words``, ``cells`` and ``stretches`` make one of each of its parts, see `PARTS`."""
    parts: int = 0
    """Cells or stretches of every row; 0 where rows have words, or are not parted."""


PARTS = ("words", "cells", "stretches")
"""Poolings that make a vector of each part of a row, ``[batch, parts, hidden]``: of each word the state of its first
token; of a square grid's cells the mean of their patches, in reading order; of a sound's stretches, equally long, the
mean of their frames."""


def pool(hidden: Hidden, pooling: str) -> torch.Tensor:
    """Pool `hidden` over its real tokens.

    Args:
        hidden: States ``[batch, tokens, hidden]`` and their mask; each row has at least one real token.
        pooling: ``cls``, ``mean`` or ``mean_std``.

    Returns:
        float32 ``[batch, hidden]``; ``[batch, 2 * hidden]`` for ``mean_std``.

    Raises:
        ValueError: `pooling` is none of the three.
    """
    tokens = hidden.tokens.float()
    if pooling == "cls":
        return tokens[:, 0]
    weight = hidden.mask.unsqueeze(-1).to(tokens.dtype)
    count = weight.sum(1)
    mean = (tokens * weight).sum(1) / count
    if pooling == "mean":
        return mean
    if pooling == "mean_std":
        variance = ((tokens - mean.unsqueeze(1)).square() * weight).sum(1) / count
        return _concatenate(mean, (variance + 1e-6).sqrt())
    raise ValueError(f"unknown pooling {pooling!r}; allowed: cls, mean, mean_std")


def _concatenate(*parts: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.cat(parts, dim=-1)


class Encoder(Protocol):
    """A pretrained backbone that can be cut between any two layers. An `nn.Module`.

    ``finish(run(embed(batch), 0, depth))`` is the whole model. Padding never changes the state of a real token.
    One that takes ``embeddings`` can also be entered behind its front, the part of its embedding that looks raw input
    up or projects it: ``finish(run(embed_tokens(hidden), 0, depth))``.
    """

    hidden_size: int
    depth: int
    """Number of layers of the transformer body."""
    layers: nn.ModuleList
    norm: nn.Module | None
    """Norm behind the last layer, where the architecture has one."""
    adapter_parameters: frozenset[str]
    """Names of the parameters that an adapter added; empty where none is attached."""
    has_front: bool
    """Whether raw inputs can enter it: False once `drop_front` was called. Taken for True where it is absent."""

    def processor(self, kind: str) -> Processor:
        """Return the preparation for raw inputs of signal `kind`."""
        ...

    def embed(self, batch: Batch) -> Hidden:
        """Turn a batch into the states that enter layer 0."""
        ...

    def embed_tokens(self, hidden: Hidden) -> Hidden:
        """Turn embedded content ``[batch, tokens, hidden]`` into the states that enter layer 0.

        Adds what the embedding adds to content: positions, a class token in front, a norm. What it returns may be one
        token longer than what it was given.
        """
        ...

    def drop_front(self) -> None:
        """Give up the modules that `embed_tokens` does not use: all that is left takes part; `embed` is gone."""
        ...

    def run(self, hidden: Hidden, start: int, stop: int) -> Hidden:
        """Run layers `start` ... `stop - 1`."""
        ...

    def finish(self, hidden: Hidden) -> Hidden:
        """Apply the final norm, if there is one."""
        ...

    def save(self, folder: Path) -> None:
        """Write the encoder into the new folder `folder`, with the files that its inputs are prepared by.

        One of Transformers' architectures is written so that ``AutoModel.from_pretrained(folder)`` reads it without a
        missing or an unexpected key; ``--encoder FOLDER`` reads any. An attached adapter is merged into the weights.

        Raises:
            RefusedError: It cannot be written, and why.
            OutputExistsError: There is something in `folder`.
        """
        ...


class Head(Protocol):
    """Logits or values from features. An `nn.Module`, with a method ``config`` (see `modaxfer.spec.HeadSpec`).

    A class attribute ``reads`` says what it looks at. ``pooled``, the default: the vectors, which may come from the
    cache, so that with a frozen encoder each row is encoded once. ``tokens``: `Features.by_tower` is always there, and
    states of tokens are what is cached; ``width`` is then the size of a token.
    """

    def __call__(self, features: Features) -> torch.Tensor:
        """Return ``[batch, outputs]``; a head that answers per token ``[batch, tokens, outputs]``, padded alike."""
        ...
