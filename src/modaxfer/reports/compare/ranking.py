"""Ranks over tasks for people: rows, a sentence, and the critical-difference figure (extra ``plots``)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from modaxfer.reports.compare.evidence import p_text
from modaxfer.reports.figures import Drawing, available
from modaxfer.reports.palette import DARK, LIGHT, Theme
from modaxfer.reports.pictures import Picture, picture_of
from modaxfer.result import write_atomically

__all__ = ["draw", "picture", "rank_rows", "rank_words", "write_figure"]


def rank_rows(ranks: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return columns and one row per way of training, the best rank first."""
    ranked = sorted(zip(ranks["average"], ranks["names"], strict=True))
    return ["", "average rank"], [[name, f"{rank:.2f}"] for rank, name in ranked]


def rank_words(ranks: Mapping[str, Any]) -> list[str]:
    """Say what the ranks show, and what so few tasks cannot show, a sentence each."""
    tasks, pairs = len(ranks["tasks"]), ranks["pairs"]
    apart = sum(pair["evidence"] for pair in pairs)
    p = p_text(ranks["friedman"]["p"])
    found = [
        f"Ranks over {tasks} tasks: that no way of training is better than another has p {p} (Friedman, Iman and "
        f"Davenport); {apart} of {len(pairs)} pairs differ (Wilcoxon's signed ranks, Holm)."
    ]
    enough = next(number for number in count(1) if 2.0 ** (1 - number) * len(pairs) < 0.05)
    if tasks < enough:
        found.append(f"{tasks} tasks cannot tell any two of them apart, however clear: it takes {enough}.")
    if ranks["left_out"]:
        found.append(f"Not on every task, so not ranked: {', '.join(ranks['left_out'])}.")
    return found


def draw(ranks: Mapping[str, Any], theme: Theme = LIGHT) -> Drawing | None:
    """Draw the critical-difference diagram; None where matplotlib is not installed."""
    if not available():
        return None
    from modaxfer.reports.compare.rank_plot import rank_diagram

    told = ", ".join(f"{name} {rank}" for name, rank in rank_rows(ranks)[1])
    joined = "; ".join(" and ".join(clique) for clique in ranks["cliques"]) or "none"
    return Drawing(
        name="ranks",
        caption=f"Average ranks over {len(ranks['tasks'])} tasks, the best on the left. A bar joins ways of training "
        "of which no two differ (Wilcoxon's signed ranks, Holm). Nemenyi's critical difference would be "
        f"{ranks['critical_difference']:.2f} ranks.",
        alternative=f"Critical-difference diagram. Average ranks: {told}. Joined by a bar: {joined}.",
        png=rank_diagram(ranks, theme),
        data=dict(ranks),
    )


def picture(ranks: Mapping[str, Any]) -> Picture | None:
    """Return the diagram for a page; None where matplotlib is not installed."""
    light, dark = draw(ranks, LIGHT), draw(ranks, DARK)
    return None if light is None or dark is None else picture_of(light, dark)


def write_figure(ranks: Mapping[str, Any] | None, folder: Path) -> list[Path]:
    """Write ``figures/ranks.png`` into `folder`, with its data as JSON beside it, and return the picture's path.

    There is none without ranks or matplotlib.
    """
    drawing = None if ranks is None else draw(ranks)
    if drawing is None:
        return []
    path = folder / "figures" / f"{drawing.name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(drawing.png)
    os.replace(temporary, path)
    write_atomically(path.with_suffix(".json"), json.dumps(drawing.data, indent=1, ensure_ascii=False) + "\n")
    return [path]
