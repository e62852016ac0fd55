"""The critical-difference diagram (Demsar 2006, figure 1). Imports matplotlib: reach it through `ranking`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from modaxfer.reports.canvas import new_figure, png_of, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modaxfer.reports.palette import Theme

__all__ = ["rank_diagram"]

LONGEST = 40
BAR = 0.45
"""Height of a bar, in lines of names."""


def rank_diagram(ranks: Mapping[str, Any], theme: Theme) -> bytes:
    """Draw average ranks on a line, the best on the left, with a bar under those that cannot be told apart.

    Args:
        ranks: ``ranks`` of a comparison's evidence.
        theme: Colours.
    """
    ranked = sorted(zip(ranks["average"], ranks["names"], strict=True))
    ways, places = len(ranked), {name: rank for rank, name in ranked}
    half, below = math.ceil(ways / 2), 0.5 + BAR * len(ranks["cliques"])
    figure, axes = new_figure(7.2, 0.8 + 0.24 * (below + half), theme)
    axes.axis("off")
    axes.set_xlim(1, ways)
    axes.set_ylim(-(below + half), 1.3)
    _scale(axes, ways, theme)
    for number, clique in enumerate(ranks["cliques"], start=1):
        ends = [places[name] for name in clique]
        spread = 0.012 * (ways - 1)
        line = [min(ends) - spread, max(ends) + spread]
        axes.plot(line, [-BAR * number] * 2, color=theme.first, linewidth=4.5, clip_on=False)
    better, worse = ranked[:half], ranked[half:][::-1]
    for side, names in ((1, better), (ways, worse)):
        for number, (rank, name) in enumerate(names, start=1):
            _name(axes, side, rank, -(below + number - 0.5), name, theme)
    return png_of(figure)


def _scale(axes: Any, ways: int, theme: Theme) -> None:
    axes.plot([1, ways], [0, 0], color=theme.ink, linewidth=1.2, solid_capstyle="projecting")
    for rank in range(1, ways + 1):
        axes.plot([rank, rank], [0, 0.22], color=theme.ink, linewidth=1.0)
        axes.text(rank, 0.4, str(rank), ha="center", va="bottom", fontsize=9, color=theme.muted)


def _name(axes: Any, side: int, rank: float, height: float, name: str, theme: Theme) -> None:
    """Write `name` beside the diagram, with a line to its place on the scale."""
    axes.plot([rank, rank, side], [0, height, height], color=theme.muted, linewidth=0.9)
    axes.plot([rank], [0], color=theme.second, marker="o", markersize=4.5, zorder=5, clip_on=False)
    text = f"{shortened(name, LONGEST)}  {rank:.2f}" if side == 1 else f"{rank:.2f}  {shortened(name, LONGEST)}"
    axes.annotate(
        text,
        (side, height),
        xytext=(-5 if side == 1 else 5, 0),
        textcoords="offset points",
        ha="right" if side == 1 else "left",
        va="center",
        fontsize=9,
        color=theme.ink,
        parse_math=False,
    )
