"""Figures of a run as PNG, through matplotlib (extra ``plots``), which is imported only to draw."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from modaxfer.registry import load_target, problem_spec
from modaxfer.reports.facts import chosen_rate
from modaxfer.reports.headline import comparisons, title
from modaxfer.reports.log import Log, read_log
from modaxfer.reports.palette import LIGHT, Theme
from modaxfer.reports.predictions import Predictions, predictions_of
from modaxfer.reports.scores import ScoreRow, baseline_label, baselines_present, interval_text, number, score_rows

if TYPE_CHECKING:
    from pathlib import Path

    from modaxfer.result import Result

__all__ = ["INSTALL", "Drawing", "available", "confusion", "draw", "precision_and_recall", "residuals", "write"]

INSTALL = "pip install 'modaxfer[plots]'"


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One figure."""

    name: str
    """File name without ending."""
    caption: str
    alternative: str
    """What the figure shows, for readers who cannot see it."""
    png: bytes


def available() -> bool:
    """Say whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def write(result: Result, folder: Path) -> list[Path]:
    """Draw the run in `folder` into ``figures/*.png`` and return their paths; none without matplotlib."""
    paths = []
    for drawing in draw(result, folder):
        path = folder / "figures" / f"{drawing.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(drawing.png)
        os.replace(temporary, path)
        paths.append(path)
    return paths


def draw(result: Result, folder: Path, theme: Theme = LIGHT) -> tuple[Drawing, ...]:
    """Draw whatever the run in `folder` has data for: scores, confusions or residuals, learning curve.

    The mean over the tasks of a shared model has no baseline to stand beside, so it is not drawn.

    Returns:
        The drawings in reading order; none where matplotlib is not installed (see `available`).
    """
    if not available():
        return ()
    rows = score_rows(result)
    primary = next((row for row in rows if row.primary and row.test is not None), None)
    predictions = predictions_of(result, folder)
    log = read_log(folder, str(result.metrics.get("primary", "")), chosen_rate(result))
    found = [
        _scores(result, primary, theme) if primary and not result.tasks else None,
        _predictions(predictions, theme) if predictions and predictions.targets else None,
        _learning(result, log, theme) if log else None,
    ]
    return tuple(drawing for drawing in found if drawing is not None)


def _scores(result: Result, row: ScoreRow, theme: Theme) -> Drawing:
    from modaxfer.reports.plots import scores

    bars = [(baseline_label(result, name), row.baselines[name]) for name in baselines_present((row,))]
    found = {item.label: item.difference for item in comparisons(result) if item.difference}
    told = ", ".join(f"{label} {number(value)}" for label, value in bars) or "none was measured"
    return Drawing(
        name="scores",
        caption=f"Test {row.name} of this run beside its baselines. The line and the band are the run's 95 % interval."
        + " Right: what it differs by, on the same rows; across zero there is no evidence." * bool(found),
        alternative=f"Dot plot. {title(result)}: {number(row.test)} {interval_text(row.interval)}. Baselines: {told}.",
        png=scores(row, bars, found, theme),
    )


def _predictions(predictions: Predictions, theme: Theme) -> Drawing | None:
    target = problem_spec(predictions.problem).figure
    drawn: Drawing | None = load_target(target)(predictions, theme) if target else None
    return drawn


def confusion(predictions: Predictions, theme: Theme) -> Drawing:
    """Draw which classes are taken for which."""
    from modaxfer.reports import plots

    return Drawing(
        name="confusion",
        caption="Test rows by true class (down) and predicted class (across). Colour is the share of the true class, "
        "numbers are rows.",
        alternative="Confusion matrix; precision and recall per class are in the table per class.",
        png=plots.confusion_matrix(predictions, theme),
    )


def precision_and_recall(predictions: Predictions, theme: Theme) -> Drawing:
    """Draw how well each label is found."""
    from modaxfer.reports import plots

    return Drawing(
        name="classes",
        caption="Precision and recall of each label on the test split, most frequent first.",
        alternative="Dot plot of precision and recall per label; the numbers are in the table per class.",
        png=plots.labels(predictions, theme),
    )


def residuals(predictions: Predictions, theme: Theme) -> Drawing:
    """Draw predicted numbers beside the true ones, and what is left over."""
    from modaxfer.reports import plots

    return Drawing(
        name="residuals",
        caption="Left: predictions beside the truth; on the line they are right. "
        "Right: what is left over; a slope or a fan means something was not learned.",
        alternative="Scatter plots of predictions against targets and of their errors against predictions.",
        png=plots.residuals(predictions, theme),
    )


def _learning(result: Result, log: Log, theme: Theme) -> Drawing:
    from modaxfer.reports.plots import learning_curve

    metric = str(result.metrics.get("primary", "score"))
    ends = [f"{name} ends at {number(points[-1][1])}" for name, points in _curves(log, metric) if points]
    return Drawing(
        name="learning_curve",
        caption="Loss and validation score while training.",
        alternative=f"Line plots by {log.axis}: {', '.join(ends)}.",
        png=learning_curve(log, metric, theme),
    )


def _curves(log: Log, metric: str) -> tuple[tuple[str, tuple[tuple[float, float], ...]], ...]:
    return (("training loss", log.loss), ("validation loss", log.validation_loss), (f"validation {metric}", log.score))
