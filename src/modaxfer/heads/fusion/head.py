"""The head of several encoders: their features, each there or missing, become one prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
from torch import nn

from modaxfer.config import build, documented
from modaxfer.contracts import Features
from modaxfer.errors import ConfigError
from modaxfer.heads.fusion.attention import CrossJoin
from modaxfer.heads.fusion.joins import ConcatJoin, GatedJoin, VoteJoin
from modaxfer.registry import problem_spec

__all__ = ["FusionHead", "FusionHeadOptions", "lose_some"]


@dataclass(frozen=True, kw_only=True)
class FusionHeadOptions:
    """How a `FusionHead` joins; plain values, so that a run can store them."""

    how: str = documented("concat", "How features are joined.", choices=("concat", "gated", "cross", "vote"))
    hidden: int = documented(256, "concat: units of the dense layer, 0 = none.", minimum=0)
    width: int = documented(128, "gated, cross: size that all encoders are projected to.", minimum=4)
    segments: int = documented(0, "cross: parts that each encoder's features consist of.", minimum=0)
    blocks: int = documented(1, "cross: attention blocks.", minimum=1)
    modality_dropout: float = documented(0.0, "Chance that a row loses an encoder in training.", minimum=0.0)
    problem: str = documented("multiclass", "What is predicted.")


class FusionHead(nn.Module):
    """Join the features of two or more encoders.

    What an encoder says of a row where its fields are missing plays no part in the row's logits. In training each row
    loses each of its encoders with the chance `modality_dropout`, but never all (ModDrop, Neverova et al. 2016), so
    that a missing field at prediction is nothing new.

    Args:
        widths: Features of each encoder; with k segments ``k * hidden``.
        outputs: Logits or values per row.
        dropout: Share of inputs of the last layer dropped in training, 0 to below 1.
        options: Values of `FusionHeadOptions`.

    Raises:
        ConfigError: There are fewer than two encoders, or an option is unknown or does not fit.
    """

    def __init__(
        self, widths: Sequence[int], outputs: int, dropout: float = 0.0, options: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.widths, self.outputs, self.dropout = tuple(widths), outputs, dropout
        self.options = build(FusionHeadOptions, options or {}, "fusion.")
        _check(self.widths, self.options)
        self.join = _join(self.widths, outputs, dropout, self.options)

    def forward(self, features: Features) -> torch.Tensor:
        """Map pooled vectors to float32 logits ``[batch, outputs]``, outside any autocast.

        Args:
            features: Its vectors are ``[batch, n + sum(widths)]``: for each of the n encoders 1 where its fields are
                there and 0 where they are missing, then what each says. Each row has at least one encoder.
        """
        pooled = features.pooled
        with torch.autocast(pooled.device.type, enabled=False):
            flags, *parts = torch.split(pooled.float(), [len(self.widths), *self.widths], dim=1)
            present = flags > 0.5
            if self.training:
                present = lose_some(present, self.options.modality_dropout)
            known = [part.masked_fill(~present[:, at, None], 0.0) for at, part in enumerate(parts)]
            return cast("torch.Tensor", self.join(known, present))

    def config(self) -> dict[str, Any]:
        """Return the keywords that make an untrained twin."""
        return {
            "widths": list(self.widths),
            "outputs": self.outputs,
            "dropout": self.dropout,
            "options": asdict(self.options),
        }


def lose_some(present: torch.Tensor, chance: float) -> torch.Tensor:
    """Return `present` with each True turned False with `chance`, but never the last one of a row.

    Args:
        present: bool ``[batch, encoders]``, each row with at least one True.
        chance: 0 to below 1.
    """
    if chance == 0:
        return present
    draws = torch.rand(present.shape, device=present.device).masked_fill(~present, -1.0)
    spared = draws == draws.amax(1, keepdim=True)
    return present & ((draws >= chance) | spared)


def _join(widths: tuple[int, ...], outputs: int, dropout: float, options: FusionHeadOptions) -> nn.Module:
    if options.how == "concat":
        return ConcatJoin(widths, outputs, dropout, hidden=options.hidden)
    if options.how == "gated":
        return GatedJoin(widths, outputs, dropout, width=options.width)
    if options.how == "vote":
        return VoteJoin(widths, outputs, dropout, link=problem_spec(options.problem).link)
    return CrossJoin(
        widths, outputs, dropout, width=options.width, segments=max(options.segments, 1), blocks=options.blocks
    )


def _check(widths: tuple[int, ...], options: FusionHeadOptions) -> None:
    if len(widths) < 2:
        raise ConfigError(
            "fusion joins two or more encoders", got=len(widths), fix="name a second --encoder, or another strategy"
        )
    if options.modality_dropout >= 1:
        raise ConfigError(
            "fusion.modality_dropout is out of range", got=options.modality_dropout, allowed="0 to below 1"
        )
    if options.how == "cross":
        _check_cross(widths, options)


def _check_cross(widths: tuple[int, ...], options: FusionHeadOptions) -> None:
    segments = max(options.segments, 1)
    if any(width % segments for width in widths):
        raise ConfigError("features do not divide into segments", got=widths, allowed=f"multiples of {segments}")
    if options.width % CrossJoin.HEADS:
        raise ConfigError(
            "fusion.width does not divide by the attention heads",
            got=options.width,
            allowed=f"multiples of {CrossJoin.HEADS}",
        )
