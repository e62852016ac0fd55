"""Encoders carried into other modalities, from what ``make cross-modal`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modaxfer.reports.claims import Outcome
from modaxfer.reports.transfer import Gain
from modaxfer.runner.kinds import PRETRAINING
from tables.markdown import code, table

MEASURED = Path(__file__).resolve().parent.parent / "results" / "cross-modal.json"
VERDICTS = {
    Outcome.BEATS: "pretraining gained",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "pretraining harmed",
    Outcome.NO_INTERVAL: "no interval, no claim",
}
COLUMNS = (
    *("encoder", "task", "bridge", "metric", "test", "chance", "simple bar", "from scratch", "gain"),
    *("95 % interval", "verdict", "rows, train / test", "epochs", "strategy"),
)


def cross_modal(measured: Path = MEASURED) -> str:
    """Return conditions and one line per cell of the last measurement."""
    if not measured.is_file():
        return "Not measured yet: run `make cross-modal`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    return f"{_conditions(found)}\n\n{table(COLUMNS, [_row(cell) for cell in found['cells']])}"


def _conditions(found: Mapping[str, Any]) -> str:
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    rates = " and ".join(f"{factor:g}" for factor in found["rates"])
    checkpoints = sorted({(cell["encoder"], cell["checkpoint"]) for cell in found["cells"]})
    named = ", ".join(f"{encoder} = {code(checkpoint)}" for encoder, checkpoint in checkpoints)
    made = f"Measured {found['date']} on {machine['cores']} cores of {machine['processor']}. {versions}."
    return f"{made} Checkpoints: {named}. Learning rates x {rates} tried by both models."


def _row(cell: Mapping[str, Any]) -> list[str]:
    low, high = cell["interval"]
    interval = None if low is None or high is None else (low, high)
    gain = Gain(step=PRETRAINING, metric=cell["metric"], value=cell["gain"], interval=interval)
    seeds = f"{cell['pretrained']:.3f} ± {cell['deviation']:.3f}" if cell["deviation"] is not None else "-"
    simple = "-" if cell["simple"] is None else f"{cell['simple']:.3f} ({cell['simple_model']})"
    return [
        code(cell["encoder"]),
        code(cell["task"]) + (" (sample)" if cell["sample"] else ""),
        code(cell["bridge"]),
        cell["metric"],
        seeds,
        f"{cell['chance']:.3f}",
        simple,
        f"{cell['scratch']:.3f}",
        f"{cell['gain']:+.3f}",
        f"{low:+.3f} to {high:+.3f}" if interval else "-",
        VERDICTS[gain.outcome],
        f"{cell['rows']['train']:,} / {cell['rows']['test']:,}",
        f"{cell['epochs']:g}",
        code(cell["strategy"]),
    ]
