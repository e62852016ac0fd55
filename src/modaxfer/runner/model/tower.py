"""One encoder's way through a model: bridge, embedding, layers and a readout, cut between any two layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from modaxfer.contracts import PARTS, UNITS, WINDOWS, Batch, Encoder, Features, Hidden, Readout, pool
from modaxfer.runner.model.units import cell_vectors, stretch_vectors, token_vectors, windows_joined

__all__ = ["LAYER_STATES", "POOLS", "Tower", "read_out", "segment_means", "vector_width", "window_means"]

POOLS = ("cls", "mean", "std")
"""Order of the pooled vectors that a solver sees."""

LAYER_STATES = "states"
"""Key of a batch that holds cached states ``[batch, tokens, hidden]`` instead of raw inputs."""

STRETCH = 8192
"""Padded tokens of windows that are computed at once."""


def vector_width(readout: Readout, hidden_size: int, segments: int = 0) -> int:
    """Return the size of a tower's vector: of the pooled one, or of so many segment means."""
    return (segments or (2 if readout.pooling == "mean_std" else 1)) * hidden_size


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


def segment_means(hidden: Hidden, segments: int) -> torch.Tensor:
    """Return the vectors of a row's stretches side by side, float32 ``[batch, segments * hidden]``.

    See `stretch_vectors`.
    """
    return stretch_vectors(hidden, segments).flatten(1)


def window_means(vectors: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Average ``[windows, ...]`` over the windows of each row, ``[rows, ...]``; `counts` says how many they are."""
    return torch.stack([part.mean(0) for part in torch.split(vectors, counts.tolist())])


def _stretches(batch: Batch, most: int) -> Iterator[Batch]:
    """Cut a batch of windows into batches of at most `most` padded tokens, and at least one window."""
    mask = batch["mask"]
    count = max(1, most // mask.shape[1])
    for start in range(0, len(mask), count):
        yield {key: values[start : start + count] for key, values in batch.items() if key not in (WINDOWS, UNITS)}


def _joined(parts: Sequence[Hidden]) -> Hidden:
    """Return rows that were computed apart as one batch, padded to the longest."""
    longest = max(part.tokens.shape[1] for part in parts)
    more = [longest - part.tokens.shape[1] for part in parts]
    tokens = [nn.functional.pad(part.tokens, (0, 0, 0, own)) for part, own in zip(parts, more, strict=True)]
    masks = [nn.functional.pad(part.mask, (0, own)) for part, own in zip(parts, more, strict=True)]
    return Hidden(torch.cat(tokens), torch.cat(masks))


def _stacked(features: Features) -> torch.Tensor:
    """Return the vector that a head takes, and behind it those of the layers, ``[batch, 1 + layers, width]``."""
    return torch.stack([features.pooled, *features.by_layer.values()], dim=1)


class Tower(nn.Module):
    """Rows of one encoder's fields to one vector each.

    Args:
        encoder: Backbone, see `modaxfer.contracts.Encoder`; it may be shared with other towers.
        readout: Which layers are read, and how they are pooled.
        bridge: A trained bridge's module, ``Batch -> Hidden``; None = the encoder embeds the batch itself.
        segments: More than 0: the vector is made of that many segment means instead of one pooled vector.
    """

    def __init__(self, encoder: Encoder, readout: Readout, bridge: nn.Module | None = None, segments: int = 0) -> None:
        super().__init__()
        self.bridge = bridge
        self.encoder: Any = encoder
        self.readout = readout
        self.segments = segments

    @property
    def top(self) -> int:
        """Highest layer that is read."""
        return max(self.readout.layers)

    @property
    def width(self) -> int:
        """Size of the vector that `features` gives."""
        return vector_width(self.readout, int(self.encoder.hidden_size), self.segments)

    def embed(self, batch: Batch) -> Hidden:
        """Turn a batch into the states that enter layer 0."""
        hidden: Hidden = (
            self.encoder.embed(batch) if self.bridge is None else self.encoder.embed_tokens(self.bridge(batch))
        )
        return hidden

    def features(self, batch: Batch, start: int = 0, *, tokens: bool = False, layers: bool = False) -> Features:
        """Return the states of the highest layer read, and the vector that a head takes.

        Of rows in several windows the vector is the mean of the windows' vectors; where words have vectors of their
        own, they are taken from the tokens of all windows.

        Args:
            batch: Raw inputs; or cached states under `LAYER_STATES` with their ``mask``, to go on at layer `start`.
            start: Layer at which cached states enter.
            tokens: Whether the states are wanted of rows in several windows, too: they are many.
            layers: Whether vectors are wanted of every layer from `start` on; not where a row's parts have vectors.
        """
        if WINDOWS not in batch:
            return self._features(batch, start, layers=layers)
        if tokens and self.readout.pooling not in PARTS:
            plain = {key: values for key, values in batch.items() if key != WINDOWS}
            made = self._features(plain, start, layers=layers)
            joined = windows_joined(made.tokens, made.mask, batch[WINDOWS])
            return self._of_windows(_stacked(made), batch, start, joined)
        stretches = list(_stretches(batch, STRETCH))
        # Gradients of a long text: each stretch is computed again on the way back, so that memory holds one.
        again = len(stretches) > 1 and torch.is_grad_enabled()
        run = self._mixed if self.readout.pooling in PARTS else partial(self._vectors, layers=layers)
        vectors = [
            checkpoint(run, part, start, use_reentrant=False) if again else run(part, start) for part in stretches
        ]
        if self.readout.pooling in PARTS:
            joined = windows_joined(torch.cat(vectors), batch["mask"], batch[WINDOWS])
            return Features(pooled=self._vector(joined, batch), by_tower=(joined,))
        return self._of_windows(torch.cat(vectors), batch, start)

    def _vectors(self, batch: Batch, start: int, *, layers: bool) -> torch.Tensor:
        return _stacked(self._features(batch, start, layers=layers))

    def _of_windows(self, vectors: torch.Tensor, batch: Batch, start: int, *states: Hidden) -> Features:
        """Return what is known of rows by the vectors of their windows, see `_stacked`."""
        pooled, *layers = window_means(vectors, batch[WINDOWS]).unbind(1)
        return Features(pooled=pooled, by_tower=states, by_layer=dict(enumerate(layers, start)))

    def _mixed(self, batch: Batch, start: int) -> torch.Tensor:
        """Return the states of the layers read, mixed as their pooled vectors would be: words take tokens of them."""
        read = self._run(batch, start, sorted(self._weights))
        return sum(self._weights[layer] * done.tokens.float() for layer, done in read)  # type: ignore[return-value]

    def _features(self, batch: Batch, start: int, *, layers: bool = False) -> Features:
        numbers = range(start, self.top + 1) if layers else sorted(self._weights)
        by_layer: dict[int, torch.Tensor] = {}
        for layer, done in self._run(batch, start, numbers):
            by_layer[layer] = self._vector(done, batch)
        mixed = [weight * by_layer[layer] for layer, weight in sorted(self._weights.items())]
        return Features(pooled=sum(mixed[1:], mixed[0]), by_tower=(done,), by_layer=by_layer if layers else {})

    @property
    def _weights(self) -> dict[int, float]:
        """Weight of each layer that is read."""
        return dict(zip(self.readout.layers, self.readout.weights, strict=True))

    def _run(self, batch: Batch, start: int, layers: Sequence[int]) -> Iterator[tuple[int, Hidden]]:
        """Yield states of `layers`, which rise, with their numbers."""
        hidden = Hidden(batch[LAYER_STATES], batch["mask"]) if LAYER_STATES in batch else self.embed(batch)
        at = start
        for layer in layers:
            hidden, at = self.encoder.run(hidden, at, layer), layer
            yield layer, self.finished(hidden, layer)

    def prefix(self, batch: Batch, stop: int) -> Hidden:
        """Run the embedding and layers below `stop`; of rows in several windows, each window is a row."""
        if WINDOWS in batch:
            return _joined([self.prefix(part, stop) for part in _stretches(batch, STRETCH)])
        hidden: Hidden = self.encoder.run(self.embed(batch), 0, stop)
        return hidden

    def layer_pools(self, batch: Batch) -> torch.Tensor:
        """Return pooled vectors of all layers: float32 ``[batch, depth + 1, 3, hidden]``, pools as in `POOLS`."""
        if WINDOWS in batch:
            pools = [self.layer_pools(part) for part in _stretches(batch, STRETCH)]
            return window_means(torch.cat(pools), batch[WINDOWS])
        hidden = self.embed(batch)
        vectors = []
        for layer in range(self.encoder.depth + 1):
            hidden = self.encoder.run(hidden, max(layer - 1, 0), layer)
            finished = self.finished(hidden, layer)
            mean, deviation = pool(finished, "mean_std").chunk(2, dim=-1)
            vectors.append(torch.stack([pool(finished, "cls"), mean, deviation], dim=1))
        return torch.stack(vectors, dim=1)

    def finished(self, hidden: Hidden, layer: int) -> Hidden:
        """Apply the encoder's final norm, if `layer` is its last."""
        done: Hidden = self.encoder.finish(hidden) if layer == self.encoder.depth else hidden
        return done

    def _vector(self, hidden: Hidden, batch: Batch) -> torch.Tensor:
        pooling, parts = self.readout.pooling, self.readout.parts
        if pooling == "words":
            return token_vectors(hidden, batch[UNITS])
        if pooling in PARTS:
            return cell_vectors(hidden, parts) if pooling == "cells" else stretch_vectors(hidden, parts)
        return segment_means(hidden, self.segments) if self.segments else pool(hidden, pooling)
