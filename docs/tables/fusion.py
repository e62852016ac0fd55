"""Image and text features joined, from what ``make fusion`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, table
from tables.measured import conditions, gained, outcome, score

MEASURED = Path(__file__).resolve().parent.parent / "results" / "fusion.json"
VERDICTS = {
    Outcome.BEATS: "joining gained",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "joining harmed",
    Outcome.NO_INTERVAL: "no interval, no claim",
}
ALONE = {"image": "picture alone", "text": "text alone"}
COLUMNS = (
    *("model", "encoders", "head", "validation", "test", "95 % interval", "test accuracy", "over the better alone"),
    *("95 % interval of that", "verdict", "train / test rows", "seeds"),
)


def fusion(measured: Path = MEASURED) -> str:
    """Return conditions, and a table per task: each modality alone, then each way to join both."""
    if not measured.is_file():
        return "Not measured yet: run `make fusion`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    return "\n\n".join([conditions(found), *(_task(task) for task in found["tasks"])])


def _task(task: Mapping[str, Any]) -> str:
    rows = [_row(cell, task) for cell in task["cells"]]
    return "\n\n".join([f"### `{task['task']}`", _bars(task), table(COLUMNS, rows), _parts(task), _headline(task)])


def _bars(task: Mapping[str, Any]) -> str:
    simple = f", simple bar {task['simple']:.3f} ({task['simple_model']})" if task["simple"] is not None else ""
    sample = " The rows are a made-up sample." if any(cell["sample"] for cell in task["cells"]) else ""
    bars = f"chance {task['chance']:.3f}, majority {task['majority']:.3f}{simple}"
    return f"Scores are {task['metric']}: {bars}. Pictures of {task['image_size']} pixels.{sample}"


def _row(cell: Mapping[str, Any], task: Mapping[str, Any]) -> list[str]:
    chosen = {task["best_alone"], task["best_fused"]}
    name = ALONE.get(cell["name"], f"joined: {cell['name']}")
    gain, interval, verdict = "", "", ""
    if cell["gain"] is not None and cell["name"] not in ALONE:
        gain, interval = gained(cell["gain"]["value"], cell["gain"]["interval"])
        verdict = VERDICTS[outcome(cell["gain"]["interval"])]
    low, high = cell["interval"]
    return [
        f"**{name}**" if cell["name"] in chosen else name,
        code(cell["encoder"]),
        cell["chosen"] or "dense, by gradient",
        f"{cell['validation']:.3f}",
        score(cell["test"], cell["deviation"]),
        f"{low:.3f} to {high:.3f}",
        f"{cell['accuracy']:.3f}",
        gain,
        interval,
        verdict,
        f"{cell['rows']['train']:,} / {cell['rows']['test']:,}",
        str(len(cell["seeds"])),
    ]


def _parts(task: Mapping[str, Any]) -> str:
    """Say what the joined model makes of one part of the row."""
    told = [
        f"{found['test']:.3f} ({found['difference'][0]:+.3f} to {found['difference'][1]:+.3f} more with all parts)"
        f" given the {part} only"
        for part, found in task["ablation"].items()
    ]
    return f"The joined model {code(task['best_fused'])}, with nothing trained again: {'; '.join(told)}."


def _headline(task: Mapping[str, Any]) -> str:
    gain, interval = gained(task["gain"]["value"], task["gain"]["interval"])
    pair = f"{code(task['best_fused'])} over {ALONE[task['best_alone']]}"
    return f"By validation, {pair}: **{gain}** ({interval}): {VERDICTS[outcome(task['gain']['interval'])]}."
