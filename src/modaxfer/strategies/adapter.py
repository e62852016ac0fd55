"""Freeze the body, train something small in it and a head: other than the low-rank updates of strategy lora."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modaxfer.config import documented
from modaxfer.plan import AdapterSpec, Part, Phase, Plan
from modaxfer.plan_context import PlanContext
from modaxfer.strategies.checks import check_declared, check_from_layer, check_idle
from modaxfer.strategies.ends import ends_of
from modaxfer.strategies.schedule import ADAPTER_LENGTH, head_rate, main_rate
from modaxfer.strategies.stages import StageOptions, staged

__all__ = ["METHODS", "AdapterMethod", "AdapterOptions", "adapter_phase", "plan"]


@dataclass(frozen=True, kw_only=True)
class AdapterMethod:
    """A way to train little of a model."""

    summary: str
    """What is trained, and the paper."""
    name: str
    """That of `modaxfer.plan.AdapterSpec.method`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of the adapter, where the user says nothing."""
    size: str = ""
    """Which of these the option `size` sets; empty = none."""
    matrices: bool = True
    """Whether it changes the encoder's adapter targets; else what it takes by itself."""
    fixed: tuple[str, ...] = ()
    """WiSE-FT leaves parameters with this in their name as trained: those that start at random beside zeros."""
    starts_neutral: bool = True
    """Whether the model is the pretrained one as training starts, so that there is something to go back to."""
    rate: float = 1.0
    """Peak learning rate, as a factor on the encoder's safe rate of adapters."""


METHODS: Mapping[str, AdapterMethod] = {
    "bitfit": AdapterMethod(
        name="bitfit",
        summary="the biases of matrices and norms (BitFit, Ben Zaken et al. 2022)",
        matrices=False,
    ),
    "bottleneck": AdapterMethod(
        name="bottleneck",
        summary="a bottleneck behind each layer's feed-forward part (Houlsby et al. 2019; Pfeiffer et al. 2021)",
        options={"size": 64},
        size="size",
        matrices=False,
        fixed=(".down.",),
    ),
    "boft": AdapterMethod(
        name="boft",
        summary="orthogonal turns of matrices in butterfly form (BOFT, Liu et al. 2024)",
        options={"boft_block_size": 4},
        size="boft_block_size",
    ),
    "ia3": AdapterMethod(
        name="ia3",
        summary="a factor for each output of matrices ((IA)3, Liu et al. 2022)",
        rate=10.0,
    ),
    "ln": AdapterMethod(
        name="ln_tuning",
        summary="the norms (LN tuning, Zhao et al. 2024)",
        matrices=False,
    ),
    "oft": AdapterMethod(
        name="oft",
        summary="orthogonal turns of matrices in blocks (OFT, Qiu et al. 2023)",
        options={"oft_block_size": 32},
        size="oft_block_size",
    ),
    "prompt": AdapterMethod(
        name="prompt",
        summary="tokens in front of each layer's input (VPT-Deep, Jia et al. 2022; P-tuning v2, Liu et al. 2022)",
        options={"tokens": 8},
        size="tokens",
        matrices=False,
        starts_neutral=False,
    ),
    "vera": AdapterMethod(
        name="vera",
        summary="two vectors per matrix between fixed random projections (VeRA, Kopiczko et al. 2024)",
        options={"r": 256},
        size="r",
        rate=10.0,
    ),
}
"""By the name that users give; LoRA with its kin (DoRA, rsLoRA) is the strategy ``lora``."""


@dataclass(frozen=True, kw_only=True)
class AdapterOptions(StageOptions):
    """Options of strategy ``adapter``."""

    method: str = documented("bottleneck", "What is trained in the frozen body, see below.", choices=tuple(METHODS))
    size: int | None = documented(
        None,
        "How large it is; default "
        + ", ".join(f"{each.options[each.size]} ({key})" for key, each in METHODS.items() if each.size)
        + ". Units of the bottleneck, rank of the projections, tokens per layer, width of a block, which must divide a "
        "matrix.",
        minimum=1,
    )
    targets: tuple[str, ...] = documented(
        (), "Names of the modules to change; default the encoder's own list, or what the method takes by itself."
    )
    from_layer: int = documented(0, "Adapters of layers below this one stay as they start.", minimum=0)


def plan(options: AdapterOptions, context: PlanContext) -> Plan:
    """Return a plan that moves the adapter and the head, and with it, as fast, a bridge that has weights.

    Raises:
        ConfigError: An option or a setting is out of range, or one is set that the method ignores.
    """
    check_declared(options)
    check_from_layer(options.from_layer, context)
    method = METHODS[options.method]
    idle = ([] if method.size else ["size"]) + ([] if method.starts_neutral else ["wise_ft"])
    check_idle(options, idle, f"method={options.method}")
    sized = {} if options.size is None else {method.size: options.size}
    adapter = AdapterSpec(
        method=method.name,
        targets=options.targets or (context.adapter_targets if method.matrices else ()),
        options={**method.options, **sized},
    )
    phase = adapter_phase(context, factor=method.rate, from_layer=options.from_layer, keep=max(1, options.soup))
    known = phase.parts if options.head_first else {Part.ADAPTER}
    after = ends_of(options, sorted(known), fixed=method.fixed)
    return staged(Plan(phases=(phase,), adapter=adapter, after=after), options, context)


def adapter_phase(context: PlanContext, *, factor: float = 1.0, from_layer: int = 0, keep: int = 1) -> Phase:
    """Return the phase that trains an adapter and the head, and with it, as fast, a bridge that has weights.

    Args:
        context: Of the run.
        factor: On the encoder's safe rate of adapters, where the user gives no rate.
        from_layer: Adapters of layers below stay as they start.
        keep: Best epochs that are kept for what comes after.
    """
    default = factor * context.rates.adapter
    rate = main_rate(context, default)
    fresh = head_rate(context, rate, default)
    rates = {Part.ADAPTER: rate, Part.HEAD: fresh}
    if context.trained_bridge:
        rates[Part.BRIDGE] = fresh
    return Phase(
        trainable=frozenset(rates),
        epochs=ADAPTER_LENGTH.epochs(context),
        learning_rates=rates,
        from_layer=from_layer,
        keep=keep,
    )
