"""Freeze the body, train low-rank updates of its matrices and a head (Hu et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.config import documented
from modaxfer.plan import AdapterSpec, Part, Plan, PlanContext
from modaxfer.strategies.adapter import adapter_phase
from modaxfer.strategies.checks import check_declared, check_from_layer, check_share
from modaxfer.strategies.ends import ends_of
from modaxfer.strategies.stages import StageOptions, staged

__all__ = ["LoraOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class LoraOptions(StageOptions):
    """Options of strategy ``lora``."""

    rank: int = documented(16, "Rank of the updates.", minimum=1)
    alpha: int = documented(32, "Updates are scaled by alpha / rank (alpha / sqrt(rank) with rslora).", minimum=1)
    targets: tuple[str, ...] = documented((), "Names of the linear modules to update; default the encoder's own list.")
    dropout: float = documented(0.0, "Dropout before the updates, 0 to below 1.", minimum=0.0)
    dora: bool = documented(False, "Learn magnitude and direction apart (DoRA, Liu et al. 2024).")
    rslora: bool = documented(False, "Scale by the root of the rank (rsLoRA, Kalajdzievski 2023).")
    from_layer: int = documented(0, "Updates of layers below this one stay at zero.", minimum=0)


def plan(options: LoraOptions, context: PlanContext) -> Plan:
    """Return a plan that moves the adapter and the head, and with it, as fast, a bridge that has weights.

    With `wise_ft` the updates shrink: their second factor goes back towards zero, and in proportion the update; the
    head goes back too if `head_first` has made one that is worth going back to.

    Over a body of random weights it runs like over any other, but updates of low rank have little to start from.

    Raises:
        ConfigError: An option or a setting is out of range.
    """
    check_declared(options)
    check_from_layer(options.from_layer, context)
    check_share("dropout", options.dropout, one_allowed=False)
    phase = adapter_phase(context, from_layer=options.from_layer, keep=max(1, options.soup))
    known = phase.parts if options.head_first else {Part.ADAPTER}
    after = ends_of(options, sorted(known), fixed=["lora_A"])
    return staged(Plan(phases=(phase,), adapter=_adapter(options, context), after=after), options, context)


def _adapter(options: LoraOptions, context: PlanContext) -> AdapterSpec:
    peft_options = {
        "r": options.rank,
        "lora_alpha": options.alpha,
        "lora_dropout": options.dropout,
        "use_dora": options.dora,
        "use_rslora": options.rslora,
    }
    return AdapterSpec(method="lora", targets=options.targets or context.adapter_targets, options=peft_options)
