"""Validation curves of a comparison in one figure. Imports matplotlib: reach it through `curve_files`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MaxNLocator

from modaxfer.reports.canvas import new_figure, plain_ticks, png_of, shortened
from modaxfer.reports.curve_plot import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.reports.compare.curves import Curve
    from modaxfer.reports.palette import Theme

__all__ = ["validation_curves"]

MOST_NAMED = 12
"""Ways of training that a legend names."""


def validation_curves(curves: Sequence[Curve], metric: str, theme: Theme) -> bytes:
    """Draw validation scores over the training rows that each run had seen, who is chosen last, and return a PNG."""
    figure, axes = new_figure(8.4, 4.2, theme)
    looks = {"chosen": (theme.first, 2.2), "next": (theme.second, 1.8)}
    others = dict.fromkeys(curve.name for curve in curves if curve.role == "other")
    for place, name in enumerate(others):
        looks[name] = (COLOURS[2 + place % (len(COLOURS) - 2)], 1.0)
    named: set[str] = set()
    for curve in curves:
        colour, width = looks[curve.name if curve.role == "other" else curve.role]
        across, up = zip(*curve.points, strict=True)
        left_out = curve.role == "other" and len(named) >= MOST_NAMED
        label = "_" if left_out or curve.name in named else shortened(curve.name, 40)
        named |= {curve.name} if label != "_" else set()
        axes.plot(across, up, color=colour, linewidth=width, marker="o", markersize=3.5, label=label)
    axes.set_xlabel("training rows seen", color=theme.muted)
    axes.set_ylabel(f"validation {metric}", color=theme.muted, parse_math=False)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    plain_ticks(axes.yaxis)
    axes.grid(color=theme.muted, alpha=0.2, linewidth=0.6)
    legend = axes.legend(
        frameon=False, labelcolor=theme.ink, fontsize=9, reverse=True, loc="upper left", bbox_to_anchor=(1, 1)
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    return png_of(figure)
