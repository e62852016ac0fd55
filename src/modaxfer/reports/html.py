"""report.html: one page that travels, with styles and figures inside it and nothing loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Template

from modaxfer.escaping import html_text
from modaxfer.reports import figures
from modaxfer.reports.ablation import PART_CLAIMS, parts_alone
from modaxfer.reports.bounds import bound_words, bounds
from modaxfer.reports.claims import Outcome
from modaxfer.reports.command import repeat_command, train_command
from modaxfer.reports.compiled import compiled
from modaxfer.reports.doubts import doubts_of
from modaxfer.reports.facts import (
    candidates,
    chosen_rate,
    cost_facts,
    data_facts,
    drawn_over,
    dropped_rows,
    environment_facts,
    model_facts,
    training_facts,
)
from modaxfer.reports.headline import comparisons, headline, is_sample, title
from modaxfer.reports.inputs import SECONDS, read_inputs
from modaxfer.reports.log import read_log
from modaxfer.reports.palette import DARK, LIGHT
from modaxfer.reports.pictures import Picture, picture_of
from modaxfer.reports.predictions import Predictions, class_scores, mistakes, predictions_of
from modaxfer.reports.repeated import repeated
from modaxfer.reports.scores import baseline_label, baselines_present, interval_text, number, score_rows
from modaxfer.reports.shared import shared_tasks
from modaxfer.reports.transfer import gains, spreads
from modaxfer.reports.tuned import tuning_trials
from modaxfer.result import Result, write_atomically
from modaxfer.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["render", "write"]

CLAIMS = {
    Outcome.BEATS: "✓ beaten by this run",
    Outcome.NO_EVIDENCE: "≈ no evidence of a difference",
    Outcome.FALLS_SHORT: "✗ this run falls short of it",
    Outcome.NO_INTERVAL: "? no interval, so no claim",
}
"""What stands below a baseline's value."""


def write(result: Result, folder: Path) -> list[Path]:
    """Write ``report.html`` into the run `folder` and return its path."""
    path = folder / "report.html"
    write_atomically(path, render(result, folder))
    return [path]


def render(result: Result, folder: Path) -> str:
    """Return the page for `result`, with what predictions.parquet, log.jsonl and config.yaml in `folder` add."""
    return _template().render(_context(result, folder))


@cache
def _template() -> Template:
    """Compile the page's template once: a comparison renders a page for every cell."""
    return compiled("report.html.jinja", html_text, number=number, interval=interval_text)


def _context(result: Result, folder: Path) -> dict[str, Any]:
    predictions = predictions_of(result, folder)
    return {
        "result": result,
        "title": title(result),
        "headline": headline(result),
        "failed": result.status != "completed",
        "sample": is_sample(result),
        "light": LIGHT,
        "dark": DARK,
        "pictures": _pictures(result, folder),
        "install": figures.INSTALL if not figures.available() else "",
        "log": read_log(folder, str(result.metrics.get("primary", "")), chosen_rate(result)),
        "dropped": dropped_rows(result),
        "candidates": candidates(result),
        "trials": tuning_trials(result),
        "facts": {
            "data": data_facts(result),
            "model": model_facts(result),
            "training": training_facts(result),
            "cost": cost_facts(result),
            "environment": environment_facts(result),
        },
        "commands": [command for command in (repeat_command(folder), train_command(folder, result.bridge)) if command],
        "version": __version__,
        **_scores(result),
        **_predicted(predictions),
        "doubts": doubts_of(folder, predictions),
        "inputs": read_inputs(folder),
        "heard": SECONDS,
    }


def _scores(result: Result) -> dict[str, Any]:
    rows = score_rows(result)
    return {
        "rows": rows,
        "primary": next((row for row in rows if row.primary), None),
        "baselines": {name: baseline_label(result, name, model=False) for name in baselines_present(rows)},
        "comparisons": comparisons(result),
        "drawn_over": drawn_over(result),
        "gains": gains(result),
        "spreads": spreads(result),
        "repeated": repeated(result),
        "bounds": bounds(result),
        "bound_words": bound_words(result),
        "claims": CLAIMS,
        "parts": parts_alone(result),
        "part_claims": PART_CLAIMS,
        "tasks": shared_tasks(result),
    }


def _predicted(predictions: Predictions | None) -> dict[str, Any]:
    return {
        "predictions": predictions,
        "numeric": predictions is not None and predictions.numeric,
        "classes": class_scores(predictions) if predictions else (),
        "mistakes": mistakes(predictions) if predictions else (),
    }


def _pictures(result: Result, folder: Path) -> Mapping[str, Picture]:
    pairs = zip(figures.draw(result, folder, LIGHT), figures.draw(result, folder, DARK), strict=True)
    return {light.name: picture_of(light, dark) for light, dark in pairs}
