"""Figures of a run as PNG, through matplotlib (extra ``plots``), which is imported only to draw."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modaxfer.metrics.reliability import at_temperature, reliability
from modaxfer.registry import load_target, problem_spec
from modaxfer.reports.doubts import rated
from modaxfer.reports.facts import chosen_rate
from modaxfer.reports.feature_map import FeatureMap, read_map
from modaxfer.reports.headline import comparisons, title
from modaxfer.reports.log import Log, read_log
from modaxfer.reports.palette import LIGHT, Theme
from modaxfer.reports.predictions import Predictions, class_scores, predictions_of
from modaxfer.reports.predictions import confusion as counted
from modaxfer.reports.scores import (
    ScoreRow,
    baseline_label,
    baselines_present,
    greater_is_better,
    interval_text,
    number,
    score_rows,
)
from modaxfer.result import Result, write_atomically

if TYPE_CHECKING:
    from pathlib import Path

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
    data: Mapping[str, Any] = field(default_factory=dict)
    """What is drawn, as plain values, for who draws it otherwise."""


_LAST: dict[Theme, tuple[Result, Path, tuple[Drawing, ...]]] = {}
"""What was drawn last, by theme: the page and the files of a run show the same figures, and to draw takes time."""


def available() -> bool:
    """Say whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def write(result: Result, folder: Path) -> list[Path]:
    """Draw the run in `folder` into ``figures/*.png``, with their data beside them as JSON.

    Returns:
        The paths of the pictures; none without matplotlib.
    """
    paths = []
    for drawing in draw(result, folder):
        path = folder / "figures" / f"{drawing.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_bytes(drawing.png)
        os.replace(temporary, path)
        write_atomically(path.with_suffix(".json"), json.dumps(drawing.data, indent=1, ensure_ascii=False) + "\n")
        paths.append(path)
    return paths


def draw(result: Result, folder: Path, theme: Theme = LIGHT) -> tuple[Drawing, ...]:
    """Draw whatever the run in `folder` has data for: scores, confusions or residuals, feature map, learning curve.

    The mean over the tasks of a shared model has no baseline to stand beside, so it is not drawn.

    Returns:
        The drawings in reading order; none where matplotlib is not installed (see `available`).
    """
    if not available():
        return ()
    last = _LAST.get(theme)
    if last is None or last[0] is not result or last[1] != folder:
        last = _LAST[theme] = (result, folder, _draw(result, folder, theme))
    return last[2]


def _draw(result: Result, folder: Path, theme: Theme) -> tuple[Drawing, ...]:
    rows = score_rows(result)
    primary = next((row for row in rows if row.primary and row.test is not None), None)
    predictions = predictions_of(result, folder)
    log = read_log(folder, str(result.metrics.get("primary", "")), chosen_rate(result))
    mapped = read_map(folder)
    found = [
        _scores(result, primary, theme) if primary and not result.tasks else None,
        _predictions(predictions, theme) if predictions and predictions.targets else None,
        _calibration(result, predictions, theme) if predictions else None,
        _map(mapped, theme) if mapped else None,
        _learning(result, log, theme) if max(len(log.loss), len(log.validation_loss)) > 1 else None,
        _rows_seen(result, log, theme) if len(log.score) > 1 else None,
    ]
    return tuple(drawing for drawing in found if drawing is not None)


def _scores(result: Result, row: ScoreRow, theme: Theme) -> Drawing:
    from modaxfer.reports.plots import scores

    bars = [(baseline_label(result, name), row.baselines[name]) for name in baselines_present((row,))]
    found = {item.label: item.difference for item in comparisons(result) if item.difference}
    told = ", ".join(f"{label} {number(value)}" for label, value in bars) or "none was measured"
    low, high = row.interval or (math.nan, math.nan)
    beside = {label: found.get(label, (low - value, high - value)) for label, value in bars} if found else {}
    return Drawing(
        name="scores",
        caption=f"Test {row.name} of this run beside its baselines. The line and the band are the run's 95 % interval."
        + " Second: this run minus each of them, over the same rows; across zero there is no evidence." * bool(found),
        alternative=f"Dot plot. {title(result)}: {number(row.test)} {interval_text(row.interval)}. Baselines: {told}.",
        png=scores(row, bars, beside, theme),
        data={
            "metric": row.name,
            "this run": row.test,
            "interval": row.interval,
            "baselines": {label: {"score": value, "difference": found.get(label)} for label, value in bars},
        },
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
        data={"classes": predictions.classes, "rows": counted(predictions).tolist()},
    )


def precision_and_recall(predictions: Predictions, theme: Theme) -> Drawing:
    """Draw how well each label is found."""
    from modaxfer.reports import plots

    return Drawing(
        name="classes",
        caption="Precision and recall of each label on the test split, most frequent first.",
        alternative="Dot plot of precision and recall per label; the numbers are in the table per class.",
        png=plots.labels(predictions, theme),
        data={
            each.name: {
                name: None if math.isnan(value) else value
                for name, value in (("precision", each.precision), ("recall", each.recall), ("rows", each.support))
            }
            for each in class_scores(predictions)
        },
    )


def residuals(predictions: Predictions, theme: Theme) -> Drawing:
    """Draw predicted numbers beside the true ones, and what is left over."""
    from modaxfer.reports import plots

    return Drawing(
        name="residuals",
        caption="First: predictions beside the truth; on the line they are right. "
        "Second: what is left over; a slope or a fan means something was not learned.",
        alternative="Scatter plots of predictions against targets and of their errors against predictions.",
        png=plots.residuals(predictions, theme),
        data={"file": "predictions.parquet", "columns": ["target", "prediction"]},
    )


def _calibration(result: Result, predictions: Predictions, theme: Theme) -> Drawing | None:
    """Draw how often the model is right where it is sure; None where rows have no one class with a probability."""
    held = rated(predictions)
    if held is None:
        return None
    from modaxfer.reports import plots

    found = {"as trained": reliability(held.labels, held.scores)}
    if result.calibration.get("by") == "temperature":
        scaled = at_temperature(held.scores, float(result.calibration["temperature"]))
        found["calibrated"] = reliability(held.labels, scaled)
    told = "; ".join(
        f"{name}: " + ", ".join(f"{each.right:.0%} right at {each.confidence:.0%} ({each.rows} rows)" for each in bins)
        for name, bins in found.items()
    )
    return Drawing(
        name="calibration",
        caption="How often test rows are right, by how sure the model says it is. On the line confidence can be taken "
        "at its word; below it the model is too sure. Larger dots have more rows.",
        alternative=f"Reliability diagram. {told}.",
        png=plots.calibration(found, theme),
        data={name: [each._asdict() for each in bins] for name, bins in found.items()},
    )


def _map(found: FeatureMap, theme: Theme) -> Drawing:
    """Draw where rows lie for the head, by class or number, and by split or domain."""
    from modaxfer.reports.plots import feature_map

    rows = ", ".join(f"{count} of {name}" for name, count in found.splits.items())
    shares = " and ".join(f"{share:.0%}" for share in found.explained)
    same = " All of them are the same: the head cannot tell these rows apart." * (not any(found.explained))
    cost = f" {found.encoded} rows were encoded once more for it." if found.encoded else ""
    return Drawing(
        name="feature_map",
        caption=f"What the head is given of some rows ({rows}): {found.width} numbers each, on the two principal "
        f"components that hold {shares} of their variance. Rows that lie together here may still differ in the "
        f"other components.{same}{cost} It took {found.seconds:.1f}\N{NO-BREAK SPACE}s.",
        alternative=f"Scatter plots of the same rows, coloured by {'number' if found.numeric else 'class'} and by "
        f"split: {rows}. The places stand in figures/feature_map.json.",
        png=feature_map(found, theme),
        data={"explained": list(found.explained), "rows": [each._asdict() for each in found.places]},
    )


def _learning(result: Result, log: Log, theme: Theme) -> Drawing:
    from modaxfer.reports.plots import learning_curve

    rows = _training_rows(result)
    seen = f" of {rows:,} training rows" if rows and log.axis == "epoch" else ""
    curves = {"training loss": log.loss, "validation loss": log.validation_loss}
    ends = [f"{name} ends at {number(points[-1][1])}" for name, points in curves.items() if points]
    return Drawing(
        name="learning_curve",
        caption=f"Loss while training, by {log.axis}{seen}.",
        alternative=f"Line plot by {log.axis}: {', '.join(ends)}.",
        png=learning_curve(log, f"{log.axis}{seen}", theme),
        data={"axis": log.axis, "training rows": rows or None, **curves},
    )


def _rows_seen(result: Result, log: Log, theme: Theme) -> Drawing:
    """Draw the validation score over the training rows that had been seen, repeats counted."""
    from modaxfer.reports.plots import rows_seen

    metric = str(result.metrics.get("primary", "score"))
    rows = _training_rows(result) if log.axis == "epoch" else 0
    across = "training rows seen" if rows else log.axis
    points = [(place * (rows or 1), value) for place, value in log.score]
    best = (max if greater_is_better(result, metric) else min)(points, key=lambda point: point[1])
    told = f"best after {best[0]:,.0f} {across if rows else f'{log.axis}s'}: {number(best[1])}"
    return Drawing(
        name="rows_seen",
        caption=f"Validation {metric} by {across}"
        + (f"; the {rows:,} of the split count again in each epoch" if rows else "")
        + f"; {told}.",
        alternative=f"Line plot of {len(points)} points, {told}; it ends at {number(points[-1][1])}.",
        png=rows_seen(points, metric, across, theme),
        data={"across": across, f"validation {metric}": points},
    )


def _training_rows(result: Result) -> int:
    """Return how many training rows the run has; 0 where that is no one number."""
    rows = (result.data.get("rows") or {}).get("train")
    return rows if isinstance(rows, int) else 0
