"""Pooled vectors of every layer, and one way of reading them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from modaxfer.contracts import Readout

__all__ = ["POOLINGS", "LayerFeatures", "View"]

POOLINGS = {"cls": (0,), "mean": (1,), "mean_std": (1, 2)}
"""Which of the stored pools (cls, mean, deviation) a pooling puts side by side."""


@dataclass(frozen=True, kw_only=True)
class LayerFeatures:
    """Pooled vectors of every layer, 0 (embeddings) to depth, for the rows a solver may see.

    There is no test split here: what is not handed over cannot leak.
    """

    train: np.ndarray
    """float16 or float32 ``[rows, layers, 3, width]``; pools are first token, mean and deviation over real tokens."""
    validation: np.ndarray | None = None
    """The same of the validation split."""
    groups: np.ndarray | None = None
    """int ``[rows]`` of train: rows that belong together (one sentence, one speaker) and must share an inner fold."""

    @property
    def layers(self) -> int:
        """How many layers there are, embeddings included."""
        return int(self.train.shape[1])


@dataclass(frozen=True, kw_only=True)
class View:
    """One way of reading the features: a weighted sum of layers and a pooling."""

    layers: tuple[int, ...]
    weights: tuple[float, ...] = (1.0,)
    pooling: str

    @property
    def readout(self) -> Readout:
        """The same for the encoder, without layers that weigh nothing."""
        kept = [(layer, weight) for layer, weight in zip(self.layers, self.weights, strict=True) if weight > 0]
        layers, weights = zip(*kept, strict=True)
        return Readout(layers=layers, weights=weights, pooling=self.pooling)

    def read(self, features: np.ndarray) -> torch.Tensor:
        """Return float32 ``[rows, width]`` of ``[rows, layers, 3, width]``; twice as wide for ``mean_std``."""
        pools = slice(POOLINGS[self.pooling][0], POOLINGS[self.pooling][-1] + 1)
        whole = torch.from_numpy(features)
        mixed = self.weights[0] * whole[:, self.layers[0], pools].float()
        for layer, weight in zip(self.layers[1:], self.weights[1:], strict=True):
            mixed.add_(whole[:, layer, pools].float(), alpha=weight)
        return mixed.flatten(1)
