"""Bridge, encoder body and head as one module that can be cut between any two layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from modaxfer.contracts import Batch, Encoder, Features, Hidden, Readout, pool
from modaxfer.plan import Part, Phase

__all__ = ["LAYER_STATES", "POOLED", "POOLS", "TransferModel", "read_out", "readout_width"]

POOLS = ("cls", "mean", "std")
"""Order of the pooled vectors that a solver sees."""

LAYER_STATES = "states"
"""Key of a batch that holds cached states ``[batch, tokens, hidden]`` instead of raw inputs."""

POOLED = "pooled"
"""Key of a batch that holds cached pooled vectors ``[batch, width]``, where only the head is trained."""

PER_TOKEN_SHIFT = ("key.bias", "k_proj.bias")
"""Attention is blind to a shift of all keys (softmax), so these never get a gradient but rounding noise."""


def readout_width(readout: Readout, hidden_size: int) -> int:
    """Return the size of the pooled vector."""
    return 2 * hidden_size if readout.pooling == "mean_std" else hidden_size


def read_out(layers: torch.Tensor, readout: Readout) -> torch.Tensor:
    """Return the pooled vectors that `readout` asks for.

    Args:
        layers: ``[rows, depth + 1, 3, hidden]``, pools as in `POOLS`.
        readout: Layers, their weights and the pooling.

    Returns:
        ``[rows, hidden]``; ``[rows, 2 * hidden]`` for mean and deviation.
    """
    pools = {"cls": slice(0, 1), "mean": slice(1, 2), "mean_std": slice(1, 3)}[readout.pooling]
    mixed = sum(weight * layers[:, layer, pools] for layer, weight in zip(readout.layers, readout.weights, strict=True))
    assert isinstance(mixed, torch.Tensor), "a readout reads at least one layer"
    return mixed.flatten(1)


class TransferModel(nn.Module):
    """What a plan trains.

    Args:
        encoder: Backbone, see `modaxfer.contracts.Encoder`.
        head: From the pooled vector to logits.
        readout: Which layers the head reads, and how they are pooled.
    """

    def __init__(self, encoder: Encoder, head: nn.Module, readout: Readout) -> None:
        super().__init__()
        self.encoder: Any = encoder
        self.head = head
        self.readout = readout

    def forward(self, batch: Batch, start: int = 0) -> torch.Tensor:
        """Return logits ``[batch, outputs]``.

        Args:
            batch: Raw inputs; or cached states under `LAYER_STATES` with their ``mask``, to go on at layer `start`.
            start: Layer at which cached states enter.
        """
        logits: torch.Tensor = self.head(self.features(batch, start).pooled)
        return logits

    def features(self, batch: Batch, start: int = 0) -> Features:
        """Return the states of the highest layer read, and the pooled vector that the head takes."""
        if POOLED in batch:
            vectors = batch[POOLED]
            return Features(vectors.unsqueeze(1), torch.ones_like(vectors[:, :1], dtype=torch.bool), vectors)
        hidden = Hidden(batch[LAYER_STATES], batch["mask"]) if LAYER_STATES in batch else self.encoder.embed(batch)
        pooled: torch.Tensor | None = None
        at = start
        for layer, weight in sorted(zip(self.readout.layers, self.readout.weights, strict=True)):
            hidden, at = self.encoder.run(hidden, at, layer), layer
            vector = weight * pool(self._finished(hidden, layer), self.readout.pooling)
            pooled = vector if pooled is None else pooled + vector
        assert pooled is not None, "a readout reads at least one layer"
        return Features(hidden.tokens, hidden.mask, pooled)

    def prefix(self, batch: Batch, stop: int) -> Hidden:
        """Run the embedding and layers below `stop`."""
        hidden: Hidden = self.encoder.run(self.encoder.embed(batch), 0, stop)
        return hidden

    def layer_pools(self, batch: Batch) -> torch.Tensor:
        """Return pooled vectors of all layers: float32 ``[batch, depth + 1, 3, hidden]``, pools as in `POOLS`."""
        hidden = self.encoder.embed(batch)
        vectors = []
        for layer in range(self.encoder.depth + 1):
            hidden = self.encoder.run(hidden, max(layer - 1, 0), layer)
            finished = self._finished(hidden, layer)
            mean, deviation = pool(finished, "mean_std").chunk(2, dim=-1)
            vectors.append(torch.stack([pool(finished, "cls"), mean, deviation], dim=1))
        return torch.stack(vectors, dim=1)

    def _finished(self, hidden: Hidden, layer: int) -> Hidden:
        finished: Hidden = self.encoder.finish(hidden) if layer == self.encoder.depth else hidden
        return finished

    def places(self) -> Iterator[tuple[str, nn.Parameter, Part, int]]:
        """Yield each parameter that can matter with its name, its part and its layer.

        Layer is -1 for embeddings, 0 ... depth - 1 for the body, `depth` for the head. Parameters above the highest
        layer read are left out: they never get a gradient.
        """
        depth, top = self.encoder.depth, max(self.readout.layers)
        layer_of = {id(p): i for i, layer in enumerate(self.encoder.layers) for p in layer.parameters()}
        if self.encoder.norm is not None:
            layer_of |= {id(parameter): depth - 1 for parameter in self.encoder.norm.parameters()}
        norm = {id(p) for p in self.encoder.norm.parameters()} if self.encoder.norm is not None else set()
        for name, parameter in self.named_parameters():
            if name.startswith("head."):
                yield name, parameter, Part.HEAD, depth
            elif ".lora_" in name or ".adapter_" in name or "_adapter." in name:
                if layer_of[id(parameter)] < top:
                    yield name, parameter, Part.ADAPTER, layer_of[id(parameter)]
            elif id(parameter) not in layer_of:
                yield name, parameter, Part.EMBEDDINGS, -1
            elif layer_of[id(parameter)] < top and (id(parameter) not in norm or top == depth):
                yield name, parameter, Part.BODY, layer_of[id(parameter)]

    def open_for(self, phase: Phase) -> dict[str, tuple[nn.Parameter, Part, int]]:
        """Make exactly the parameters of `phase` trainable and return them by name."""
        chosen = {}
        for name, parameter, part, layer in self.places():
            frozen = part in (Part.BODY, Part.EMBEDDINGS, Part.ADAPTER) and layer < phase.from_layer
            if part in phase.trainable and not (frozen and phase.from_layer > 0) and parameter.is_floating_point():
                chosen[name] = (parameter, part, layer)
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(name in chosen)
        return chosen

    def frozen_layers(self) -> int:
        """Return k, the number of layers below which nothing is trainable; the prefix that can be cached.

        It is 0 as soon as an embedding is trainable, `depth` where only the head is.
        """
        if any(parameter.requires_grad for _, parameter, part, _ in self.places() if part is Part.EMBEDDINGS):
            return 0
        moving = [layer for _, parameter, part, layer in self.places() if parameter.requires_grad and part != Part.HEAD]
        return min([*moving, min(self.readout.layers)])

    def train_above(self, layer: int) -> None:
        """Switch to training mode, but keep everything below `layer` deterministic."""
        self.train()
        if layer > 0:
            self.encoder.eval()
            for module in self.encoder.layers[layer:]:
                module.train()
