"""One way of reading the pooled vectors of every layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from modaxfer.contracts import Readout

if TYPE_CHECKING:
    import numpy as np

    from modaxfer.contracts import LayerFeatures

__all__ = ["POOLINGS", "View"]

POOLINGS = {"cls": (0,), "mean": (1,), "mean_std": (1, 2)}
"""Which of the stored pools (cls, mean, deviation) a pooling puts side by side."""


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

    def of_train(self, features: LayerFeatures) -> torch.Tensor:
        """Return float32 ``[rows, width]`` of all training rows."""
        if features.read is None:
            return self.read(features.train)
        return torch.from_numpy(features.read(self.readout))

    def read(self, features: np.ndarray) -> torch.Tensor:
        """Return float32 ``[rows, width]`` of ``[rows, layers, 3, width]``; twice as wide for ``mean_std``."""
        pools = slice(POOLINGS[self.pooling][0], POOLINGS[self.pooling][-1] + 1)
        whole = torch.from_numpy(features)
        mixed = self.weights[0] * whole[:, self.layers[0], pools].float()
        for layer, weight in zip(self.layers[1:], self.weights[1:], strict=True):
            mixed.add_(whole[:, layer, pools].float(), alpha=weight)
        return mixed.flatten(1)
