"""The figure of ``make few-labels``: score against rows per class, a line per way, intervals as bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["draw"]

COLOURS = ("#999999", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000")
MARKERS = "sovD^x"


def draw(found: Mapping[str, Any], path: Path) -> None:
    """Write the figure of what was `found` to `path`; nothing where nothing was."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = [(task, source) for task in found["tasks"] for source in (False, True) if _lines(task, source)]
    if not panels:
        return
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(5.6 * columns, 3.9 * rows), squeeze=False)
    ways = list(dict.fromkeys(cell["way"] for task in found["tasks"] for cell in task["cells"]))
    for axis, panel in zip(axes.flat, panels, strict=False):
        _panel(axis, *panel, ways)
    for axis in axes.flat[len(panels) :]:
        axis.axis("off")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    figure.set_layout_engine("constrained")
    figure.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(figure)


def _panel(axis: Any, task: Mapping[str, Any], source: bool, ways: Sequence[str]) -> None:
    lines = _lines(task, source)
    for way, colour, marker in zip(ways, COLOURS, MARKERS, strict=False):
        points = sorted(lines.get(way, ()), key=lambda cell: cell["shots"])
        shots, scores = [cell["shots"] for cell in points], [cell["mean"] for cell in points]
        low, high = ([cell["interval"][end] for cell in points] for end in (0, 1))
        axis.fill_between(shots, low, high, color=colour, alpha=0.08, linewidth=0)
        axis.plot(shots, scores, color=colour, marker=marker, markersize=5, linewidth=1.5, label=way)
    bars = {int(shots): value for shots, value in task["simple"].items()}
    axis.plot(
        sorted(bars), [bars[shots] for shots in sorted(bars)], color="#bbbbbb", linestyle="--", label="simple bar"
    )
    axis.axhline(task["chance"], color="#bbbbbb", linestyle=":", label="chance")
    axis.set_xscale("log", base=2)
    axis.set_xticks(sorted({cell["shots"] for cell in task["cells"]}), minor=False)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axis.set_xlabel("rows per class")
    axis.set_ylabel(f"test {task['metric'].replace('_', '-')}")
    points = [cell["mean"] for cell in task["cells"]]
    axis.set_ylim(min([task["chance"], *points]) - 0.05, min(1.0, max(points) + 0.08))
    axis.set_title(f"{task['task']}{', rt-polarity learned before' if source else ''}", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)


def _lines(task: Mapping[str, Any], source: bool) -> dict[str, list[Mapping[str, Any]]]:
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for cell in task["cells"]:
        if cell["source"] is source:
            lines.setdefault(cell["way"], []).append(cell)
    return lines
