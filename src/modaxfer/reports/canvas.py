"""What figures are drawn on. Imports matplotlib: reach it through `modaxfer.reports.figures`."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, ScalarFormatter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from modaxfer.reports.palette import DOTS_PER_INCH, PARTED
from modaxfer.reports.scores import amount

if TYPE_CHECKING:
    from modaxfer.reports.palette import Theme

__all__ = ["new_figure", "plain_ticks", "png_of", "shortened"]

LONGEST_NAME = 26
PANEL = "panel"
"""What axes are called that are no colour bar."""


def new_figure(width: float, height: float, theme: Theme, columns: int = 1) -> tuple[Figure, Any]:
    """Return a figure of `width` x `height` inches without frames, and its axes."""
    figure = Figure(figsize=(width, height), facecolor=theme.paper, layout=ConstrainedLayoutEngine(wspace=0.06))
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, columns)
    for item in np.atleast_1d(axes):
        item.set_gid(PANEL)
        item.set_facecolor(theme.paper)
        item.tick_params(colors=theme.muted, labelsize=9)
        for spine in item.spines.values():
            spine.set_visible(False)
    return figure, axes


def plain_ticks(axis: Any) -> None:
    """Write the numbers of an axis in full, all with as many decimals."""
    large = max(map(abs, axis.get_view_interval())) >= 1000
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: amount(value)) if large else ScalarFormatter(useOffset=False)
    )


def png_of(figure: Figure) -> bytes:
    """Return `figure` as the bytes of a PNG file, which says where its panels part (`palette.PARTED`)."""
    figure.set_dpi(DOTS_PER_INCH)
    canvas: Any = figure.canvas
    canvas.draw()
    told = PngInfo()
    told.add_text(PARTED, " ".join(f"{cut:.4f}" for cut in _cuts(figure)))
    stream = io.BytesIO()
    Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3]).save(stream, "png", pnginfo=told)
    return stream.getvalue()


def _cuts(figure: Figure) -> list[float]:
    """Return where panels side by side part, as shares of the width: half way between what is drawn of each."""
    boxes = [axes.get_tightbbox() for axes in figure.axes if axes.get_gid() == PANEL]
    width = figure.bbox.width
    return [(left.x1 + right.x0) / 2 / width for left, right in pairwise(box for box in boxes if box is not None)]


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Cut the middle out of a long name; its end often tells it from its neighbours."""
    if len(name) <= longest:
        return name
    tail = (longest - 1) // 3
    return f"{name[: longest - 1 - tail]}…{name[-tail:]}"
