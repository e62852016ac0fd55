"""Several tasks on one encoder, from what ``make sharing`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, table
from tables.measured import conditions, gained, outcome, score

MEASURED = Path(__file__).resolve().parent.parent / "results" / "sharing.json"
VERDICTS = {
    Outcome.BEATS: "gain",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "harm",
    Outcome.NO_INTERVAL: "no interval, no claim",
}
COLUMNS = (
    *("task", "bridge", "metric", "chance", "shared", "alone", "shared minus alone", "95 % interval", "verdict"),
    "train / test rows",
)


def sharing(measured: Path = MEASURED) -> str:
    """Return conditions, and a table per encoder and weighting of losses, one line per task."""
    if not measured.is_file():
        return "Not measured yet: run `make sharing`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    return "\n\n".join([conditions(found), *(_group(group) for group in found["groups"])])


def _group(group: Mapping[str, Any]) -> str:
    tasks = " + ".join(code(task["task"]) for task in group["tasks"])
    weighting = {"sum": "losses weighed alike", "uncertainty": "losses weighed by learned uncertainty"}
    options = "".join(f", `{key}={value}`" for key, value in group["options"].items())
    seeds = f"{len(group['seeds'])} seed{'s' if len(group['seeds']) > 1 else ''}"
    setting = f"At most {group['limit']:,} training rows a task, {group['epochs']:g} epochs, {seeds}{options}."
    title = f"### {tasks} on one `{group['encoder']}`, {weighting[group['weighting']]}"
    rows = table(COLUMNS, [_row(task) for task in group["tasks"]])
    return "\n\n".join([title, f"Checkpoint {code(group['checkpoint'])}. {setting}", rows])


def _row(task: Mapping[str, Any]) -> list[str]:
    gain, interval = gained(task["gain"], task["interval"])
    return [
        code(task["task"]) + (" (sample)" if task["sample"] else ""),
        code(task["bridge"]),
        task["metric"],
        f"{task['chance']:.3f}",
        score(task["shared"], task["shared_deviation"]),
        score(task["alone"], task["alone_deviation"]),
        gain,
        interval,
        VERDICTS[outcome(task["interval"])],
        f"{task['rows']['train']:,} / {task['rows']['test']:,}",
    ]
