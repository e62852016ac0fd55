"""Fine-tune everything, lower layers more slowly (Howard & Ruder 2018)."""

from __future__ import annotations

from dataclasses import dataclass

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.plan import SUPERVISED, LossTerm, Part, Phase, Plan, PlanContext, Reads
from modaxfer.strategies.checks import check_declared, check_from_layer, check_share
from modaxfer.strategies.ends import ends_of
from modaxfer.strategies.schedule import FULL_LENGTH, head_rate, main_rate
from modaxfer.strategies.stages import StageOptions, staged

__all__ = ["FullOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class FullOptions(StageOptions):
    """Options of strategy ``full``."""

    layer_decay: float | None = documented(
        None, "Learning rate factor per layer, from the top down, above 0 to 1; default the encoder's.", minimum=0.0
    )
    l2_sp: float = documented(
        0.0,
        "Strength with which weights are held to where they were before training, instead of weight decay (L2-SP, Li "
        "et al. 2018).",
        minimum=0.0,
    )
    bss: float = documented(
        0.0, "Weight of the smallest singular value of a batch's features (BSS, Chen et al. 2019).", minimum=0.0
    )
    surgical: bool = documented(
        False, "Let layers learn in proportion to their relative gradient norm (auto-RGN, Lee et al. 2023)."
    )
    from_layer: int = documented(0, "Layers below this one stay frozen, and the embeddings unless it is 0.", minimum=0)


def plan(options: FullOptions, context: PlanContext) -> Plan:
    """Return a plan that moves the whole model; a bridge that has weights is as fresh as the head and learns as fast.

    With `wise_ft` the body goes back towards its pretrained weights; the head too if `head_first` has made one that is
    worth going back to (Wortsman et al. 2022 start from a zero-shot or a probed head), else it stays as trained.
    With `head_first` such a bridge is trained with the head first, around the frozen body (as in ORCA, Shen et al.
    2023, the embedder comes before the body), and then at the body's rate.
    Of a random model all layers are fresh: they learn at one rate, like its head.

    Raises:
        ConfigError: An option or a setting is out of range.
    """
    check_declared(options)
    check_from_layer(options.from_layer, context)
    rate = main_rate(context, context.rates.full)
    fresh = head_rate(context, rate, context.rates.full) if context.pretrained else rate
    rates = {Part.BODY: rate, Part.HEAD: fresh}
    if options.from_layer == 0:
        rates[Part.EMBEDDINGS] = rate
    if context.trained_bridge:
        rates[Part.BRIDGE] = fresh
    tune = Phase(
        name="tune",
        trainable=frozenset(rates),
        epochs=FULL_LENGTH.epochs(context),
        learning_rates=rates,
        layer_decay=_layer_decay(options, context),
        from_layer=options.from_layer,
        keep=max(1, options.soup),
        auto_rgn=options.surgical,
        losses=(SUPERVISED, *_penalties(options)),
        no_decay=frozenset({Part.BODY, Part.EMBEDDINGS} if options.l2_sp else ()),
    )
    known = {Part.BODY, Part.NORM, Part.EMBEDDINGS} | (rates.keys() if options.head_first else set())
    return staged(Plan(phases=(tune,), after=ends_of(options, sorted(known))), options, context)


def _penalties(options: FullOptions) -> list[LossTerm]:
    held = LossTerm(
        name="l2-sp",
        target="modaxfer.losses.l2_sp:L2SP",
        options={"strength": options.l2_sp},
        reads=frozenset({Reads.PARAMETERS}),
        joint=True,
    )
    shrunk = LossTerm(
        name="bss",
        target="modaxfer.losses.bss:BatchSpectralShrinkage",
        weight=options.bss,
        reads=frozenset({Reads.POOLED}),
        joint=True,
    )
    return [term for term, wanted in ((held, options.l2_sp), (shrunk, options.bss)) if wanted]


def _layer_decay(options: FullOptions, context: PlanContext) -> float:
    if options.layer_decay is None:
        return context.rates.layer_decay if context.pretrained else 1.0
    check_share("layer_decay", options.layer_decay, one_allowed=True)
    if options.layer_decay == 0:
        raise ConfigError(
            "strategy.layer_decay 0 would freeze all layers but the last",
            got=0,
            allowed="above 0 to 1",
            fix="to freeze lower layers say strategy.from_layer",
        )
    return options.layer_decay
