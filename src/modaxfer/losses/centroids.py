"""Labels of unlabelled rows by the centroids that the model itself makes of them, and their loss."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from modaxfer.contracts import LossContext, Seen, Step

__all__ = ["CentroidLabels", "centroid_labels", "labels_of"]


class CentroidLabels(nn.Module):
    """Cross-entropy to the label that the stream's extra ``centroid`` gives each row.

    Args:
        context: Of streams with that extra.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``; of several views of a row their mean."""
        stream = step.only
        losses = functional.cross_entropy(
            stream.outputs.float(), stream.extras["centroid"].repeat(stream.views), reduction="none"
        )
        return losses.reshape(stream.views, -1).mean(0)


def centroid_labels(seen: Mapping[str, Seen], stream: str) -> torch.Tensor:
    """Return the label of each row of `stream`, int64 ``[rows]``; an extra. See `labels_of`."""
    own = seen[stream]
    return labels_of(own.pooled(), own.outputs)


def labels_of(features: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return the class whose centroid is nearest by cosine, int64 ``[rows]``.

    Centroids are means of the rows weighed by their probabilities; then once more of the rows that are nearest to each.
    Classes that no row is predicted to be of have none. As in the authors' code, each vector gets a 1 beside it before
    it is brought to length 1.

    Source: Liang, Hu & Feng 2020 (SHOT), equations 5 and 6.

    Args:
        features: What the head takes, ``[rows, width]``.
        logits: What it says, ``[rows, classes]``.
    """
    vectors = functional.normalize(torch.cat([features.float(), torch.ones(len(features), 1)], dim=1))
    shares = logits.float().softmax(1)
    there = torch.unique(shares.argmax(1))
    nearest = _nearest(vectors, shares, there)
    return _nearest(vectors, functional.one_hot(nearest, shares.shape[1]).float(), there)


def _nearest(vectors: torch.Tensor, shares: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    # Divided by its share of rows a sum is a mean; only its direction counts.
    centroids = functional.normalize(shares.T @ vectors)[there]
    return there[(vectors @ centroids.T).argmax(1)]
