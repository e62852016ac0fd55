"""How the figures are drawn. Imports matplotlib: reach it through `modaxfer.reports.figures`.

Figures are objects on an Agg canvas; pyplot and its global state are never touched.
"""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ticker import FuncFormatter, MaxNLocator

from modaxfer.reports.canvas import new_figure, plain_ticks, png_of, shortened
from modaxfer.reports.palette import COLUMN
from modaxfer.reports.predictions import Predictions, class_scores, confusion
from modaxfer.reports.scores import ScoreRow, amount, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modaxfer.metrics.reliability import Bin
    from modaxfer.reports.feature_map import FeatureMap
    from modaxfer.reports.log import Log
    from modaxfer.reports.palette import Theme

__all__ = [
    "calibration",
    "confusion_matrix",
    "feature_map",
    "labels",
    "learning_curve",
    "residuals",
    "rows_seen",
    "scores",
]

MOST_COLOURED = 10
"""So many classes have a colour of their own in a map."""
MOST_COUNTED = 60
"""Above this many classes a matrix shows colours only."""
MARGIN = 0.65
"""Inches of a matrix's figure beside its cells and the names of its classes."""
BELOW: dict[str, Any] = {"orientation": "horizontal", "shrink": 0.7, "aspect": 30}
"""How a colour bar lies, so that it takes no width."""


def scores(
    row: ScoreRow, baselines: Sequence[tuple[str, float]], differences: Mapping[str, tuple[float, float]], theme: Theme
) -> bytes:
    """Draw the test score with its interval above a dot per baseline; beside it what it differs by, with intervals.

    Args:
        row: Of the metric that decides.
        baselines: Label and score of each.
        differences: By label the 95 % interval of run minus baseline, where it is known.
        theme: Colours.
    """
    assert row.test is not None
    names = ["this run", *(fill(_short(label), 16) for label, _ in baselines)]
    values = [row.test, *(value for _, value in baselines)]
    places = np.arange(len(values))[::-1]
    columns = 2 if differences else 1
    figure, grid = new_figure(columns * COLUMN, 1.1 + 0.46 * len(values), theme, columns)
    axes = np.atleast_1d(grid)[0]
    axes.hlines(places, min(values), values, color=theme.faint, linewidth=1.2, zorder=1)
    if row.interval:
        axes.axvspan(*row.interval, color=theme.first, alpha=0.14, linewidth=0, zorder=0)
        axes.plot(row.interval, [places[0]] * 2, color=theme.first, linewidth=3, zorder=2)
    axes.scatter(values[1:], places[1:], color=theme.muted, s=70, zorder=3)
    axes.scatter(values[:1], places[:1], color=theme.first, s=110, zorder=3)
    _value_labels(axes, places, values, row, theme)
    _tick_names(axes.yaxis, places, names, theme)
    better = "higher is better" if row.greater_is_better else "lower is better"
    axes.set_xlabel(f"test {row.name} ({better})", color=theme.muted, parse_math=False)
    if differences:
        shown = {label: differences.get(label) for label, _ in baselines}
        _differences(grid[1], places[1:], shown, theme)
    for each in np.atleast_1d(grid):
        each.grid(axis="x", color=theme.muted, alpha=0.25, linewidth=0.6, zorder=0)
        each.tick_params(axis="y", length=0)
        each.set_ylim(-0.6, len(values) - 0.4)
        each.xaxis.set_major_locator(MaxNLocator(5))
    return png_of(figure)


def _differences(axes: Any, places: Any, found: Mapping[str, tuple[float, float] | None], theme: Theme) -> None:
    axes.axvline(0, color=theme.second, linewidth=1.4)
    for place, (label, interval) in zip(places, found.items(), strict=True):
        if interval:
            axes.plot(interval, [place] * 2, color=theme.first, linewidth=2.4, marker="|", markersize=9)
            # On a phone this panel stands alone.
            told = {"ha": "center", "color": theme.muted, "fontsize": 8, "parse_math": False}
            told["bbox"] = {"facecolor": theme.paper, "linewidth": 0, "pad": 0.5}  # Where zero's line passes.
            axes.text(sum(interval) / 2, place + 0.2, _short(label), **told)
    axes.set_yticks([])
    axes.set_xlabel("this run minus it, 95 % interval", color=theme.muted)


def confusion_matrix(predictions: Predictions, theme: Theme) -> bytes:
    """Draw the confusion matrix: colour by share of the true class, numbers of rows where they can be read."""
    counts, names = confusion(predictions), _class_names(predictions.classes)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    cell, size_of_text = _cell(names)
    size, longest = cell * len(names), _length(names, size_of_text)
    below = longest if len(names) > 4 else 0.2
    figure, axes = new_figure(max(size + longest + MARGIN, COLUMN), size + below + 1.1, theme)
    ramp = LinearSegmentedColormap.from_list("ramp", theme.ramp)
    image = axes.imshow(shares, cmap=ramp, vmin=0, vmax=1)
    if len(names) <= MOST_COUNTED:
        _count_labels(axes, counts, shares, size_of_text, theme)
    _tick_names(axes.yaxis, range(len(names)), names, theme, size_of_text)
    _tick_names(axes.xaxis, range(len(names)), names, theme, size_of_text)
    slanted = len(names) > 4 or max(map(len, names)) > 8
    axes.tick_params(axis="x", length=0, rotation=90 if len(names) > 12 else 40 if slanted else 0)
    if slanted and len(names) <= 12:
        _anchor_right(axes)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("predicted", color=theme.muted)
    axes.set_ylabel("true", color=theme.muted)
    lying = BELOW | {"shrink": min(0.7, 2.4 / size)}
    bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], format="%.1f", **lying)
    _bar(bar, "share of the true class", theme)
    return png_of(figure)


def _cell(names: Sequence[str]) -> tuple[float, float]:
    """Return the side of a matrix's cell in inches and the size of its text: so large that a phone shows all of it.

    Where the names of the classes leave less than can be read, the figure is wider than a phone.
    """
    if len(names) > MOST_COUNTED:
        return 13.0 / len(names), 3.0
    free = COLUMN - MARGIN - _length(names, 8)
    cell = min(0.8, free / len(names))
    cell = cell if cell >= 0.24 else max(0.22, min(0.8, 4.2 / len(names)))
    return cell, float(np.clip(cell * 28, 3.0, 9))


def _length(names: Sequence[str], size: float) -> float:
    """Return about how long the longest of `names` is in letters of `size` points, in inches."""
    return 0.0085 * size * max(map(len, names))


def labels(predictions: Predictions, theme: Theme) -> bytes:
    """Draw precision and recall of each label of a multi-label problem, most frequent first."""
    rows = sorted(class_scores(predictions), key=lambda row: row.support)
    names = [
        f"{name}  ({row.support})" for name, row in zip(_class_names([row.name for row in rows]), rows, strict=True)
    ]
    figure, axes = new_figure(COLUMN, 1.3 + 0.42 * len(rows), theme)
    places = np.arange(len(rows))
    precision, recall = (np.array([getattr(row, name) for row in rows]) for name in ("precision", "recall"))
    axes.hlines(places, precision, recall, color=theme.faint, linewidth=2, zorder=1)
    axes.scatter(precision, places, color=theme.first, marker="o", s=36, zorder=3, label="precision")
    axes.scatter(recall, places, color=theme.second, marker="D", s=30, zorder=2, label="recall")
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.6, len(rows) - 0.2)
    axes.set_yticks([])
    for place, name in zip(places, names, strict=True):
        axes.text(0, place + 0.22, name, va="bottom", color=theme.ink, fontsize=9, parse_math=False)
    axes.grid(axis="x", color=theme.muted, alpha=0.25, linewidth=0.6)
    axes.set_xlabel("share (rows of the label in brackets)", color=theme.muted)
    _legend(axes, theme, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    return png_of(figure)


def residuals(predictions: Predictions, theme: Theme) -> bytes:
    """Draw predictions against targets, and errors against predictions."""
    target, predicted = np.array(predictions.targets), np.array(predictions.predicted)
    figure, (left, right) = new_figure(2 * COLUMN, 3.4, theme, columns=2)
    dots = {"s": 14, "alpha": float(np.clip(600 / len(target), 0.08, 0.7)), "color": theme.first, "linewidths": 0}
    left.scatter(target, predicted, **dots)
    ends = [min(target.min(), predicted.min()), max(target.max(), predicted.max())]
    left.plot(ends, ends, color=theme.second, linewidth=1.4)
    right.scatter(predicted, predicted - target, **dots)
    right.axhline(0, color=theme.second, linewidth=1.4)
    for axes, across, up in ((left, "target", "prediction"), (right, "prediction", "prediction - target")):
        axes.set_xlabel(across, color=theme.muted)
        axes.set_ylabel(up, color=theme.muted)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5))
            plain_ticks(axis)
        axes.grid(color=theme.muted, alpha=0.2, linewidth=0.6)
    return png_of(figure)


def calibration(curves: Mapping[str, Sequence[Bin]], theme: Theme) -> bytes:
    """Draw the share of right rows by confidence, a line of dots per curve; the larger a dot, the more rows."""
    figure, axes = new_figure(COLUMN, 3.3, theme)
    axes.plot([0, 1], [0, 1], color=theme.muted, linewidth=1, linestyle="--", zorder=1)
    for (name, bins), colour in zip(curves.items(), (theme.first, theme.second), strict=False):
        sure, right, rows = (np.array(values) for values in zip(*bins, strict=True))
        axes.plot(sure, right, color=colour, linewidth=1.4, zorder=2, label=name)
        axes.scatter(sure, right, s=20 + 220 * rows / rows.sum(), color=colour, zorder=3, linewidths=0)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("confidence", color=theme.muted)
    axes.set_ylabel("share of rows that are right", color=theme.muted)
    axes.grid(color=theme.muted, alpha=0.2, linewidth=0.6)
    if len(curves) > 1:
        _legend(axes, theme, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return png_of(figure)


def feature_map(found: FeatureMap, theme: Theme) -> bytes:
    """Draw rows on two components, coloured by class or number on the left, by split on the right, marked by split."""
    labelled = bool(found.classes) or found.numeric
    columns = 2 if labelled else 1
    figure, grid = new_figure(columns * COLUMN, 4.2, theme, columns)
    panels, colours = np.atleast_1d(grid), _class_colours(found, theme)
    for split, (colour, mark) in zip(found.splits, _split_looks(found, theme), strict=True):
        places = [place for place in found.places if place.split == split]
        across, up = ([getattr(place, axis) for place in places] for axis in "xy")
        dots = {"marker": mark, "s": 22, "alpha": 0.75, "linewidths": 0}
        panels[-1].scatter(across, up, color=colour, label=f"{split} ({len(places)})", **dots)
        if found.numeric:
            values = [np.nan if place.label is None else place.label for place in places]
            panels[0].scatter(across, up, c=values, cmap=_numbers(theme), **_ends(found), **dots)
        elif labelled:
            panels[0].scatter(across, up, color=[colours[place.label] for place in places], **dots)
    if found.numeric:
        _number_bar(figure, panels[0], theme)
    elif labelled:
        _class_legend(panels[0], found, theme)
    _legend(panels[-1], theme, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=2)
    for place, axes in enumerate(panels):
        axes.set_xlabel(f"first component ({found.explained[0]:.0%})", color=theme.muted)
        axes.set_ylabel("" if place else f"second component ({found.explained[1]:.0%})", color=theme.muted)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[["left", "bottom"]].set(visible=True, color=theme.faint)
    return png_of(figure)


def learning_curve(log: Log, across: str, theme: Theme) -> bytes:
    """Draw the losses while training; `across` says what is counted below."""
    figure, axes = new_figure(COLUMN, 2.8, theme)
    _line(axes, log.loss, theme.first, "training", marked=False)
    _line(axes, log.validation_loss, theme.second, "validation", marked=True)
    if log.loss and log.validation_loss:
        _legend(axes, theme)
    _curve_axes(axes, across, "loss", theme)
    return png_of(figure)


def rows_seen(points: Sequence[tuple[float, float]], metric: str, across: str, theme: Theme) -> bytes:
    """Draw a score over what had been seen of the training rows; `across` says what is counted below."""
    figure, axes = new_figure(COLUMN, 2.8, theme)
    _line(axes, points, theme.second, "validation", marked=True)
    _curve_axes(axes, across, f"validation {metric}", theme)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    plain_ticks(axes.yaxis)
    return png_of(figure)


def _curve_axes(axes: Any, across: str, up: str, theme: Theme) -> None:
    axes.set_ylabel(up, color=theme.muted, parse_math=False)
    axes.set_xlabel(across, color=theme.muted)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color=theme.muted, alpha=0.2, linewidth=0.6)


def _split_looks(found: FeatureMap, theme: Theme) -> list[tuple[str, str]]:
    """Return colour and mark of each split; the source has a colour of its own, so that two domains stand apart."""
    looks = {"source": (theme.second, "^"), "train": (theme.muted, "o"), "validation": (theme.ink, "s")}
    return [looks.get(name, (theme.first, "D")) for name in found.splits]


def _class_colours(found: FeatureMap, theme: Theme) -> dict[str | float | None, Any]:
    """Return a colour per class: the most frequent have one of their own, the others and hidden ones are faint."""
    colours: dict[str | float | None, Any] = {None: theme.faint}
    for place, name in enumerate(found.classes):
        colours[name] = colormaps["tab10"](place) if place < MOST_COLOURED else theme.faint
    return colours


def _class_legend(axes: Any, found: FeatureMap, theme: Theme) -> None:
    colours, named = _class_colours(found, theme), found.classes[:MOST_COLOURED]
    told = dict(zip(named, _class_names(named), strict=True))
    for name in named:
        axes.scatter([], [], color=[colours[name]], s=30, linewidths=0, label=told[name])
    hidden = any(place.label is None for place in found.places)
    if more := len(found.classes) - len(named):
        axes.scatter([], [], color=theme.faint, s=30, linewidths=0, label=f"{more} more classes")
    elif hidden:
        axes.scatter([], [], color=theme.faint, s=30, linewidths=0, label="label not shown")
    longest = max(map(len, told.values()))
    abreast = 3 if longest < 9 else 2 if longest < 16 else 1
    legend = _legend(axes, theme, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=abreast)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _numbers(theme: Theme) -> LinearSegmentedColormap:
    """Return a ramp of which both ends stand out from the paper."""
    return LinearSegmentedColormap.from_list("numbers", [theme.second, theme.faint, theme.first])


def _ends(found: FeatureMap) -> dict[str, float]:
    """Return where the ramp ends: at the 2nd and 98th percentile, so that one far value does not take all of it."""
    values = [place.label for place in found.places if isinstance(place.label, float)]
    low, high = np.nanpercentile(values, [2, 98])
    return {"vmin": float(low), "vmax": float(high)}


def _number_bar(figure: Figure, axes: Any, theme: Theme) -> None:
    form = FuncFormatter(lambda value, _: amount(value))
    bar = figure.colorbar(axes.collections[0], ax=axes, format=form, extend="both", **BELOW)
    bar.locator = MaxNLocator(4)
    _bar(bar, "target", theme)


def _bar(bar: Any, told: str, theme: Theme) -> None:
    bar.set_label(told, color=theme.muted)
    bar.ax.tick_params(colors=theme.muted, labelsize=8, length=0)
    bar.outline.set_visible(False)


def _line(axes: Any, points: Sequence[tuple[float, float]], colour: str, label: str, *, marked: bool) -> None:
    if points:
        across, up = zip(*points, strict=True)
        axes.plot(
            across, up, color=colour, linewidth=1.6, label=label, marker="o" if marked or len(points) == 1 else ""
        )


def _legend(axes: Any, theme: Theme, **place: Any) -> Any:
    return axes.legend(frameon=False, labelcolor=theme.ink, fontsize=9, **place)


def _value_labels(axes: Any, places: np.ndarray, values: Sequence[float], row: ScoreRow, theme: Theme) -> None:
    """Write each value behind its dot, behind the interval for the run itself."""
    ends = list(values)
    if row.interval:
        ends[0] = max(ends[0], row.interval[1])
    low = min(*values, *(row.interval or ()), values[0])
    span = max(ends) - low or 1.0
    axes.set_xlim(low - 0.05 * span, max(ends) + 0.26 * span)
    for place, end, value in zip(places, ends, values, strict=True):
        axes.text(end + 0.05 * span, place, number(value), va="center", color=theme.ink, fontsize=9, zorder=5)


def _count_labels(axes: Any, counts: np.ndarray, shares: np.ndarray, size: float, theme: Theme) -> None:
    """Write the number of rows into each cell that has any, dark on light and light on dark."""
    dark_paper = theme.paper < theme.ink
    for (down, across), count in np.ndenumerate(counts):
        if count:
            strong = shares[down, across] > (0.8 if dark_paper else 0.5)
            colour = theme.paper if strong else theme.ink
            axes.text(
                across, down, str(count), ha="center", va="center", fontsize=size * 0.9, color=colour, in_layout=False
            )


def _short(label: str) -> str:
    """Return a baseline's name without what it is, which stands in brackets and beside the figure."""
    return shortened(label.partition(" (")[0])


def _tick_names(axis: Any, places: Any, names: Sequence[str], theme: Theme, size: float = 9) -> None:
    """Class names are text, never mathematics: a dollar sign stays one."""
    axis.set_ticks(list(places), labels=list(names), parse_math=False, color=theme.ink, fontsize=size)


def _anchor_right(axes: Any) -> None:
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")


def _class_names(classes: Sequence[str]) -> list[str]:
    """Shorten names; one the font cannot write becomes ``class 3``, its place in the table per class."""
    glyphs = get_font(findfont(FontProperties())).get_charmap()
    readable = [bool(name.strip()) and all(ord(sign) in glyphs for sign in name) for name in classes]
    return [shortened(name) if readable[index] else f"class {index + 1}" for index, name in enumerate(classes)]
