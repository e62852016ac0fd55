"""Several encoders, each for its own fields, under one head that joins their features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.plan import Fusion, Part, Phase, Plan
from modaxfer.strategies import full, lora
from modaxfer.strategies.checks import check_declared, check_idle, check_share
from modaxfer.strategies.schedule import (
    ADAPTER_LENGTH,
    ATTENTION_HEAD_RATE,
    CACHED_HEAD_RATE,
    HEAD_LENGTH,
    head_rate,
    main_rate,
)

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["FusionOptions", "plan"]

_USED_BY = {
    "hidden": ("how", ("concat",)),
    "width": ("how", ("gated", "cross")),
    "segments": ("how", ("cross",)),
    "blocks": ("how", ("cross",)),
    "rank": ("underneath", ("lora",)),
    "alpha": ("underneath", ("lora",)),
    "targets": ("underneath", ("lora",)),
    "layer_decay": ("underneath", ("full",)),
}
"""Options that only some choices heed."""

ATTENTION_HEADS = 4


@dataclass(frozen=True, kw_only=True)
class FusionOptions:
    """Options of strategy ``fusion``."""

    how: str = documented(
        "concat",
        "How features are joined: side by side under a dense head, a gated sum, cross-attention, or a late vote.",
        choices=("concat", "gated", "cross", "vote"),
    )
    underneath: str = documented("frozen", "What moves below the head.", choices=("frozen", "lora", "full"))
    modality_dropout: float = documented(
        0.2, "Chance that a training row loses an encoder, never its last; 0 to below 1.", minimum=0.0
    )
    hidden: int = documented(256, "how=concat: units of the dense layer, 0 = none.", minimum=0)
    width: int = documented(128, "how=gated, cross: size that all features are projected to.", minimum=4)
    segments: int = documented(8, "how=cross: parts of each encoder's tokens that attend to one another.", minimum=1)
    blocks: int = documented(1, "how=cross: attention blocks.", minimum=1)
    rank: int = documented(16, "underneath=lora: rank of the updates.", minimum=1)
    alpha: int = documented(32, "underneath=lora: updates are scaled by alpha / rank.", minimum=1)
    targets: tuple[str, ...] = documented(
        (), "underneath=lora: names of the linear modules to update; default the encoders' own lists."
    )
    layer_decay: float | None = documented(
        None, "underneath=full: learning rate factor per layer, from the top down; default the encoder's.", minimum=0.0
    )


def plan(options: FusionOptions, context: PlanContext) -> Plan:
    """Return the plan of what lies underneath, with a head that joins.

    With frozen encoders each row is encoded once and only the head is trained, at a rate of its own and for longer;
    a bridge that has weights moves with it. ``lora`` and ``full`` train as the strategies of these names do.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        RefusedError: There is no vote on the outputs of the problem.
    """
    check_declared(options)
    check_share("modality_dropout", options.modality_dropout, one_allowed=False)
    for choice in ("how", "underneath"):
        chosen = getattr(options, choice)
        idle = [name for name, (by, users) in _USED_BY.items() if by == choice and chosen not in users]
        check_idle(options, idle, f"{choice}={chosen}")
    if options.how == "cross" and options.width % ATTENTION_HEADS:
        raise ConfigError(
            "strategy.width does not divide by the attention heads",
            got=options.width,
            allowed=f"multiples of {ATTENTION_HEADS}",
            fix="correct the value",
        )
    if options.how == "vote" and not context.problem.link:
        raise RefusedError(
            f"a vote does not fit a task of the problem {context.problem.name}: its outputs are neither probabilities "
            "nor numbers",
            got="how=vote",
            allowed="how: concat, gated, cross",
            fix="choose another with --set strategy.how=...",
        )
    return replace(_underneath(options, context), fusion=_joined(options, context))


def _underneath(options: FusionOptions, context: PlanContext) -> Plan:
    if options.underneath == "full":
        return full.plan(full.FullOptions(layer_decay=options.layer_decay), context)
    if options.underneath == "lora":
        return lora.plan(lora.LoraOptions(rank=options.rank, alpha=options.alpha, targets=options.targets), context)
    parts = {Part.HEAD, Part.BRIDGE} if context.trained_bridge else {Part.HEAD}
    length = ADAPTER_LENGTH if context.trained_bridge else HEAD_LENGTH
    rates = dict.fromkeys(parts, main_rate(context, _fresh_rate(options, context)))
    return Plan(phases=(Phase(trainable=frozenset(parts), epochs=length.epochs(context), learning_rates=rates),))


def _fresh_rate(options: FusionOptions, context: PlanContext) -> float:
    """Through a trained bridge gradients cross the encoder, so that its rates apply."""
    if context.trained_bridge:
        return head_rate(context, context.rates.full, context.rates.full)
    return ATTENTION_HEAD_RATE if options.how == "cross" else CACHED_HEAD_RATE


def _joined(options: FusionOptions, context: PlanContext) -> Fusion:
    segments = options.segments if options.how == "cross" else 0
    head: dict[str, Any] = {
        "how": options.how,
        "hidden": options.hidden,
        "width": options.width,
        "segments": segments,
        "blocks": options.blocks,
        "modality_dropout": options.modality_dropout,
        "problem": context.problem.name,
    }
    return Fusion(options=head, segments=segments)
