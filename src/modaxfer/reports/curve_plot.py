"""The figure of learning curves. Imports matplotlib: reach it through `modaxfer.reports.curve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from modaxfer.metrics.power_law import PowerLaw
from modaxfer.reports.canvas import new_figure, png_of
from modaxfer.reports.palette import COLUMN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.reports.palette import Theme
    from modaxfer.runner.compare.points import LearningCurve

__all__ = ["COLOURS", "learning_curves"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""After Okabe and Ito (2008), told apart by colour-blind readers and on light and dark paper; then again from the
first."""

MOST_TICKS = 7

APART = 1.35
"""Factor between two numbers of rows below which their ticks would be written over each other."""


def learning_curves(curves: Sequence[LearningCurve], names: Sequence[str], theme: Theme) -> bytes:
    """Draw scores over labelled rows, a panel for each task, and return a PNG.

    Points are means over draws with their interval, lines the fitted law, dashed beyond what was measured, with the
    interval at twice the rows.
    """
    tasks = list(dict.fromkeys(curve.task for curve in curves))
    figure, panels = new_figure(COLUMN * len(tasks), 3.4, theme, len(tasks))
    for panel, task in zip(np.atleast_1d(panels), tasks, strict=True):
        own = [(curve, name) for curve, name in zip(curves, names, strict=True) if curve.task == task]
        _dress(panel, own[0][0], theme)
        for place, (curve, name) in enumerate(own):
            _curve(panel, curve, name, COLOURS[place % len(COLOURS)])
        _ticks(panel, [curve for curve, _ in own])
        panel.legend(frameon=False, labelcolor=theme.ink, fontsize=9)
    return png_of(figure)


def _dress(panel: Any, curve: LearningCurve, theme: Theme) -> None:
    panel.grid(color=theme.muted, alpha=0.25, linewidth=0.6)
    panel.set_xscale("log")
    panel.set_xlabel("labelled training rows", color=theme.muted)
    better = "higher is better" if curve.greater_is_better else "lower is better"
    panel.set_ylabel(f"test {curve.metric} ({better})", color=theme.muted, parse_math=False)
    panel.set_title(curve.task, color=theme.ink, fontsize=10, parse_math=False)


def _curve(panel: Any, curve: LearningCurve, name: str, colour: str) -> None:
    rows = np.array([point.rows for point in curve.points], float)
    means = np.array([point.mean for point in curve.points])
    ends = [point.interval or (point.mean, point.mean) for point in curve.points]
    spread = [[mean - low for mean, (low, _) in zip(means, ends, strict=True)]]
    spread.append([high - mean for mean, (_, high) in zip(means, ends, strict=True)])
    panel.errorbar(
        rows, means, yerr=np.maximum(spread, 0), fmt="o", color=colour, markersize=4.5, elinewidth=1.1, label=name
    )
    if not curve.doubled:
        panel.plot(rows, means, color=colour, linewidth=0.9, alpha=0.6)
        return
    law = PowerLaw(**curve.law, rising=curve.greater_is_better)
    most = float(rows.max())
    for across, style in ((np.geomspace(rows.min(), most, 80), "-"), (np.geomspace(most, 2 * most, 20), "--")):
        panel.plot(across, [law.at(each) for each in across], style, color=colour, linewidth=1.6)
    panel.plot([2 * most] * 2, curve.doubled["score_interval"], color=colour, linewidth=1.4, marker="_", markersize=8)


def _ticks(panel: Any, curves: Sequence[LearningCurve]) -> None:
    """Write the numbers of rows that there were, as many as can be read."""
    rows = sorted({point.rows for curve in curves for point in curve.points})
    some = rows[:: -(-len(rows) // MOST_TICKS)]
    shown = [row for row, after in zip(some, [*some[1:], None], strict=True) if after is None or after > APART * row]
    panel.xaxis.set_major_locator(FixedLocator([*shown]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
