"""Weights between those before and those after fine-tuning (WiSE-FT; Wortsman et al. 2022, "Robust fine-tuning")."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from modaxfer.config import build, documented
from modaxfer.contracts import Chosen, Ends, Weights

__all__ = ["WiseOptions", "choose", "interpolate"]

GRID = tuple(step / 10 for step in range(11))
"""Shares that are tried, from the start to the trained weights."""


@dataclass(frozen=True, kw_only=True)
class WiseOptions:
    """Options of ``wise-ft``; plain values, so that a plan can hold them."""

    share: float | None = documented(
        None, "Share of the trained weights; chosen on validation where not given.", minimum=0.0, maximum=1.0
    )
    parts: tuple[str, ...] = documented((), "Parts that are interpolated; the others stay as trained.")
    fixed: tuple[str, ...] = documented((), "Parameters with this in their name stay as trained as well.")


def choose(ends: Ends, options: Any) -> Chosen:
    """Return ``(1 - share) * start + share * now`` of the parts asked for.

    Of equal shares by validation the greatest is taken, the one that is nearest to what was trained.
    """
    wanted = build(WiseOptions, dict(options), "wise-ft.")
    moving = {
        name
        for name, part in ends.parts.items()
        if part in wanted.parts and not any(word in name for word in wanted.fixed)
    }
    if wanted.share is not None:
        return Chosen(weights=interpolate(ends, moving, wanted.share), report={"share": wanted.share})
    scores = {share: ends.judge(interpolate(ends, moving, share)) for share in GRID}
    best = max(GRID, key=lambda share: (scores[share], share))
    tried = [{"share": share, "judged": score} for share, score in scores.items()]
    return Chosen(weights=interpolate(ends, moving, best), report={"share": best, "tried": tried})


def interpolate(ends: Ends, moving: Collection[str], share: float) -> Weights:
    """Return the weights at `share` of the way from start to now, those that are not `moving` as they are now."""
    return {
        name: ends.start[name].lerp(now, share) if name in moving and share < 1 else now
        for name, now in ends.now.items()
    }
