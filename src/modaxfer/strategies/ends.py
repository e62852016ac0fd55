"""Options that `full` and `lora` share: what becomes of the weights when training is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modaxfer.config import documented
from modaxfer.errors import ConfigError
from modaxfer.plan import After, Part

__all__ = ["EndOptions", "ends_of"]


@dataclass(frozen=True, kw_only=True)
class EndOptions:
    """Ends in weight space, off by default."""

    soup: int = documented(
        0, "Average up to this many of the best epochs, if validation agrees (greedy soup, Wortsman et al. 2022).",
        minimum=0,
    )  # fmt: skip
    wise_ft: bool = documented(
        False, "Go back towards the weights before training, as far as validation says (WiSE-FT, Wortsman et al. 2022)."
    )
    wise_share: float | None = documented(
        None, "wise_ft: share of the trained weights, instead of validation's choice.", minimum=0.0, maximum=1.0
    )


def ends_of(options: EndOptions, parts: Sequence[Part], fixed: Sequence[str] = ()) -> tuple[After, ...]:
    """Return the ends that `options` ask for, the soup first.

    Args:
        options: The user's.
        parts: What is interpolated: parts whose weights before training are worth going back to.
        fixed: Parameters with this in their name stay as trained.

    Raises:
        ConfigError: A soup of one epoch, or a share without `wise_ft`.
    """
    if options.soup == 1:
        raise ConfigError("a soup of one epoch is that epoch", got="strategy.soup=1", allowed="0 (none), 2 or more")
    if options.wise_share is not None and not options.wise_ft:
        raise ConfigError(
            "strategy.wise_share would do nothing without wise_ft",
            got=options.wise_share,
            fix="add --set strategy.wise_ft=true, or leave it out",
        )
    after = [After(name="soup", target="modaxfer.weight_space.soup:choose")] if options.soup else []
    if options.wise_ft:
        wanted = {"share": options.wise_share, "parts": [part.value for part in parts], "fixed": list(fixed)}
        after.append(After(name="wise-ft", target="modaxfer.weight_space.wise_ft:choose", options=wanted))
    return tuple(after)
