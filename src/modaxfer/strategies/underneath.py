"""How the encoder moves under a strategy that is about something else: what its rows, losses or heads are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modaxfer.config import documented
from modaxfer.plan import Part, Phase, Plan
from modaxfer.strategies import adapter, full, lora
from modaxfer.strategies.checks import check_idle
from modaxfer.strategies.schedule import ADAPTER_LENGTH, HEAD_LENGTH, head_rate, main_rate

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["UNDERNEATH", "UnderneathOptions", "underlying"]

ADAPTERS = ("lora", "adapter")
"""Choices that leave the body as it is and train an adapter in it."""

UNDERNEATH = ("full", *ADAPTERS, "frozen")
"""Ways by which the encoder of another strategy can move."""

_USED_BY = {
    "head_first": ("full", *ADAPTERS),
    "layer_decay": ("full",),
    "rank": ("lora",),
    "alpha": ("lora",),
    "method": ("adapter",),
    "targets": ADAPTERS,
}
"""Options that only some choices heed."""


@dataclass(frozen=True, kw_only=True)
class UnderneathOptions:
    """Options of every strategy that leaves the choice of how the encoder moves."""

    underneath: str = documented("full", "How the encoder moves.", choices=UNDERNEATH)
    head_first: bool = documented(
        False,
        "underneath=full or an adapter: train the head alone first, then everything (LP-FT, Kumar et al. 2022). Of "
        "--epochs each takes half.",
    )
    layer_decay: float | None = documented(
        None, "underneath=full: learning rate factor per layer, from the top down; default the encoder's.", minimum=0.0
    )
    rank: int = documented(16, "underneath=lora: rank of the updates.", minimum=1)
    alpha: int = documented(32, "underneath=lora: updates are scaled by alpha / rank.", minimum=1)
    method: str = documented(
        adapter.AdapterOptions.method,
        "underneath=adapter: what is trained in the frozen body, as in strategy adapter.",
        choices=tuple(adapter.METHODS),
    )
    targets: tuple[str, ...] = documented(
        (), "underneath=lora, adapter: names of the modules to change; default the encoder's own list."
    )


def underlying(options: UnderneathOptions, context: PlanContext, *, cached_rate: float | None = None) -> Plan:
    """Return the plan by which the encoder moves; a strategy puts its own streams, losses or heads into its phases.

    ``full`` and the adapters train as the strategies of these names do. Over a frozen encoder the head is trained, and
    with it a bridge that has weights.

    Args:
        options: Of the strategy.
        context: Of the run; a strategy whose epochs are counted by other rows replaces `rows`.
        cached_rate: Peak rate of the head over a frozen encoder without such a bridge, whose features are computed
            once; None = that of a head over a body that moves.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
    """
    idle = [name for name, users in _USED_BY.items() if options.underneath not in users]
    check_idle(options, idle, f"underneath={options.underneath}")
    shared: dict[str, Any] = {"head_first": options.head_first}
    if options.underneath == "full":
        return full.plan(full.FullOptions(layer_decay=options.layer_decay, **shared), context)
    if options.underneath == "lora":
        own = lora.LoraOptions(rank=options.rank, alpha=options.alpha, targets=options.targets, **shared)
        return lora.plan(own, context)
    if options.underneath == "adapter":
        return adapter.plan(adapter.AdapterOptions(method=options.method, targets=options.targets, **shared), context)
    return _around_the_body(context, cached_rate)


def _around_the_body(context: PlanContext, cached_rate: float | None) -> Plan:
    """Train what reads the body, and a bridge, through which gradients cross the body, so that its rates apply."""
    parts = {Part.HEAD, Part.BRIDGE} if context.trained_bridge else {Part.HEAD}
    length = ADAPTER_LENGTH if context.trained_bridge else HEAD_LENGTH
    crossing = head_rate(context, context.rates.full, context.rates.full)
    rate = main_rate(context, crossing if context.trained_bridge or cached_rate is None else cached_rate)
    phase = Phase(trainable=frozenset(parts), epochs=length.epochs(context), learning_rates=dict.fromkeys(parts, rate))
    return Plan(phases=(phase,))
