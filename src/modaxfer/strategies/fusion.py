"""Several encoders, each for its own fields, under one head that joins their features."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from modaxfer.config import documented
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.heads.search_options import WAYS, FusedSearch, check_layer, heads_for, refuse_reduction
from modaxfer.plan import Fusion, Part, Phase, Plan, Solver
from modaxfer.strategies.checks import check_declared, check_idle, check_share
from modaxfer.strategies.schedule import ATTENTION_HEAD_RATE, CACHED_HEAD_RATE
from modaxfer.strategies.underneath import UNDERNEATH, UnderneathOptions, underlying

if TYPE_CHECKING:
    from modaxfer.plan import PlanContext

__all__ = ["FusionOptions", "plan"]

_USED_BY = {"hidden": ("concat",), "width": ("gated", "cross"), "segments": ("cross",), "blocks": ("cross",)}
"""Options that only some ways to join heed."""

_GRADIENT_ONLY = ("modality_dropout",)
_SOLVER_ONLY = tuple(item.name for item in fields(FusedSearch))

ATTENTION_HEADS = 4


@dataclass(frozen=True, kw_only=True)
class FusionOptions(UnderneathOptions, FusedSearch):
    """Options of strategy ``fusion``; those of a search are for ``how=auto`` over frozen encoders."""

    how: str = documented(
        "auto",
        "How encoders are joined. auto: over frozen ones, a classical head of each, and whatever joins them best by "
        "inner validation; else as concat. By gradient: side by side under a dense head, a gated sum, cross-attention, "
        "or a late vote.",
        choices=("auto", "concat", "gated", "cross", "vote"),
    )
    underneath: str = documented("frozen", "How the encoders move.", choices=UNDERNEATH)
    modality_dropout: float = documented(
        0.2, "Chance that a training row loses an encoder, never its last; 0 to below 1.", minimum=0.0
    )
    hidden: int = documented(256, "how=concat: units of the dense layer, 0 = none.", minimum=0)
    width: int = documented(128, "how=gated, cross: size that all features are projected to.", minimum=4)
    segments: int = documented(8, "how=cross: parts of each encoder's tokens that attend to one another.", minimum=1)
    blocks: int = documented(1, "how=cross: attention blocks.", minimum=1)


def plan(options: FusionOptions, context: PlanContext) -> Plan:
    """Return a plan that is solved, or that of what lies underneath with a head that joins.

    Over frozen encoders and bridges without weights ``auto`` has one phase without steps, see
    `modaxfer.heads.fusion.solve`. Else, with frozen encoders each row is encoded once and only the head is trained, at
    a rate of its own and for longer; a bridge that has weights moves with it. ``lora`` and ``full`` train as the
    strategies of these names do.

    Raises:
        ConfigError: An option or a setting is out of range, or an option is set that this choice ignores.
        UnknownNameError: There is no such classical head.
        RefusedError: There is no vote on the outputs of the problem, or a head or reduction does not fit it.
    """
    check_declared(options)
    if options.how == "auto" and options.underneath == "frozen" and not context.trained_bridge and context.problem.link:
        return _solved(options, context)
    reason = "encoders that move, a trained bridge or a problem without a closed form, where no head is solved for"
    check_idle(options, _SOLVER_ONLY, f"how={options.how}" if options.how != "auto" else reason)
    options = replace(options, how="concat") if options.how == "auto" else options
    check_share("modality_dropout", options.modality_dropout, one_allowed=False)
    check_idle(options, [name for name, users in _USED_BY.items() if options.how not in users], f"how={options.how}")
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
            allowed="how: auto, concat, gated, cross",
            fix="choose another with --set strategy.how=...",
        )
    rate = ATTENTION_HEAD_RATE if options.how == "cross" else CACHED_HEAD_RATE
    return replace(underlying(options, context, cached_rate=rate), fusion=_joined(options, context))


def _solved(options: FusionOptions, context: PlanContext) -> Plan:
    """Return a plan of one phase without steps."""
    check_idle(options, (*_GRADIENT_ONLY, *_USED_BY), "how=auto over frozen encoders, where no head is trained")
    underlying(options, context)  # What only moving encoders heed is refused there.
    check_layer(options.layer, context.depth)
    heads_for(options.head, context.problem)
    refuse_reduction(options.reduction, context.problem)
    unknown = sorted(set(options.among) - set(WAYS))
    if unknown or not options.among:
        raise ConfigError(
            "strategy.among names no way to join", got=unknown or "none", allowed=WAYS, fix="correct the value"
        )
    solver = Solver(target="modaxfer.heads.fusion.solve:fit", options=options, several=True)
    phase = Phase(name="solve", trainable=frozenset({Part.HEAD}), solver=solver)
    # The head is a stand-in until the solved one is there.
    stand_in = Fusion(options={"how": "vote", "problem": context.problem.name})
    return Plan(phases=(phase,), fusion=stand_in)


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
