"""Domain-adversarial training: features that a discriminator cannot tell source and target apart by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modaxfer.config import documented
from modaxfer.errors import RefusedError
from modaxfer.plan import LossTerm, Reads
from modaxfer.strategies.adaptation import AdaptationOptions, adapting

if TYPE_CHECKING:
    from modaxfer.plan import Plan, PlanContext

__all__ = ["DannOptions", "plan"]


@dataclass(frozen=True, kw_only=True)
class DannOptions(AdaptationOptions):
    """Options of strategy ``dann``."""

    strength: float = documented(
        0.1,
        "Largest lambda, by which the reversed gradient is multiplied; 1 in the paper, which is too much for a "
        "pretrained body.",
        minimum=0.0,
    )
    ramp: bool = documented(
        True,
        "Let lambda rise from 0 to its largest as 2 / (1 + exp(-10 p)) - 1 over the phase, p from 0 to 1; else it is "
        "constant.",
    )
    hidden: int = documented(256, "Units of each of the discriminator's two hidden layers.", minimum=1)
    discriminator_rate: float = documented(
        1e-2,
        "Peak learning rate of the discriminator: it has to follow features that move away from it.",
        above=0.0,
    )


def plan(options: DannOptions, context: PlanContext) -> Plan:
    """Return a plan with the discriminator of Ganin et al. 2016 on the pooled features of both streams.

    Their lambda rises to 1 and all parts learn at one rate. A pretrained body under AdamW is then driven past what the
    discriminator can follow: it ends up saying that each domain is the other, and the target is lost. Hence a smaller
    lambda and a fast discriminator (decision 0193).

    Raises:
        ConfigError: An option or a setting is out of range.
        RefusedError: Features of a frozen body are to be moved.
    """
    if options.underneath == "frozen" and not context.trained_bridge:
        raise RefusedError(
            "over a frozen body features stay as they are, so that no discriminator can be deceived",
            got="strategy.underneath=frozen",
            allowed="full, lora",
            fix="set strategy.underneath=lora",
        )
    term = LossTerm(
        name="domain",
        target="modaxfer.losses.dann:Dann",
        options={"strength": options.strength, "ramp": options.ramp, "hidden": options.hidden},
        reads=frozenset({Reads.POOLED}),
        learning_rate=options.discriminator_rate,
    )
    return adapting(options, context, term)
