"""DELTA: features are held to those of the model before training, units by how much they matter (Li et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import nn

from modaxfer.losses.unit_attention import attention_of

if TYPE_CHECKING:
    from modaxfer.contracts import LossContext, Seen, Step

__all__ = ["Delta", "attention", "stages", "start_features"]

STAGES = 4
"""Layers that are held, as the paper holds the outputs of a ResNet's four stages."""


class Delta(nn.Module):
    """``1/2 * sum_l sum_j a_lj * (f_lj(x) - f0_lj(x))^2`` of each row, as in the paper.

    `f_l` is the vector that the head would be given of layer l, pooled over tokens as the paper's maps have places; l
    goes over `stages`. `f0` is the same vector of the model as the phase began, the stream's extra ``start``, computed
    once for each row as it stands in the data, whatever an augmentation makes of it in an epoch. `a` is the stream's
    extra ``attention``, see `modaxfer.losses.unit_attention`, with mean 1 over units; without it 1 for each.

    Args:
        context: Of streams with these extras.
    """

    def __init__(self, context: LossContext) -> None:
        super().__init__()

    def forward(self, step: Step) -> torch.Tensor:
        """Return one loss per row, ``[rows]``; of several views of a row their mean."""
        stream = step.only
        now = _stacked(stream.layers)
        squares = (now - stream.extras["start"].repeat(stream.views, 1, 1)).square()
        if "attention" in stream.extras:
            squares = squares * stream.extras["attention"]
        return squares.sum((1, 2)).reshape(stream.views, -1).mean(0) / 2


def stages(layers: Iterable[int]) -> tuple[int, ...]:
    """Return the numbers of the layers that are held: of those above the lowest at most `STAGES`, evenly, the highest.

    At the lowest rows enter, and nothing below it moves. Of layers 0 to 12 they are 3, 6, 9 and 12.
    """
    numbers = sorted(layers)
    moving = numbers[1:] or numbers
    count = min(STAGES, len(moving))
    return tuple(moving[place * len(moving) // count - 1] for place in range(1, count + 1))


def start_features(seen: Mapping[str, Seen], stream: str) -> torch.Tensor:
    """Return what the layers that are held say of each row of `stream`, ``[rows, stages, width]``; an extra."""
    return _stacked(seen[stream].layers())


def attention(seen: Mapping[str, Seen], stream: str, link: str) -> torch.Tensor:
    """Return how much each unit counts, ``[stages, width]``; an extra that rows share.

    Args:
        seen: With `stream`, whose targets are given.
        stream: Whose rows are held.
        link: What the problem makes of outputs, see `modaxfer.losses.unit_attention.attention_of`.
    """
    own = seen[stream]
    assert own.targets is not None, "its labels are given"
    layers, targets, outputs = own.layers(), torch.from_numpy(own.targets), own.outputs.shape[1]
    return torch.stack([attention_of(layers[layer], targets, outputs, link) for layer in stages(layers)])


def _stacked(layers: Mapping[int, torch.Tensor]) -> torch.Tensor:
    return torch.stack([layers[layer] for layer in stages(layers)], dim=1)
