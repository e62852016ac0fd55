"""Ways to learn from a few rows per class, from what ``make few-labels`` stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, table
from tables.measured import conditions, gained, outcome

MEASURED = Path(__file__).resolve().parent.parent / "results" / "few-labels.json"
VERDICTS = {
    Outcome.BEATS: "gained",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "harmed",
    Outcome.NO_INTERVAL: "no interval, no claim",
}


def few_labels(measured: Path = MEASURED) -> str:
    """Return conditions, what to take, the figure, a table per task, and what is missing."""
    if not measured.is_file():
        return "Not measured yet: run `make few-labels`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    parts = [conditions(found), *_taken(found), "![score against rows per class](few-labels.png)"]
    return "\n\n".join(
        [*parts, *(_task(task, found["ways"]) for task in found["tasks"]), _missing(found["missing"], found["ways"])]
    )


def _taken(found: Mapping[str, Any]) -> list[str]:
    """Say by rows per class which way is the least far from the best, over the tasks that were measured whole."""
    lines = []
    for shots in sorted({cell["shots"] for task in found["tasks"] for cell in task["cells"]}):
        whole = [scores for task in found["tasks"] if len(scores := _scores(task, shots)) == len(found["ways"])]
        if not whole:
            continue
        behind = {way: mean(max(scores.values()) - scores[way] for scores in whole) for way in found["ways"]}
        way, *others = sorted(behind, key=lambda name: behind[name])
        told = ", ".join(f"{code(name)} {behind[name]:.3f}" for name in others)
        count = f"{len(whole)} task{'s' if len(whole) > 1 else ''}"
        lines.append(f"- **{shots} rows per class: {code(way)}**, {behind[way]:.3f} ({count}); {told}")
    head = "Take what falls least short of the best way of each task, on average over tasks, in points of score:"
    return ["\n".join([head, "", *lines])] if lines else []


def _scores(task: Mapping[str, Any], shots: int) -> dict[str, float]:
    """Return the mean score of each way without a source."""
    return {cell["way"]: cell["mean"] for cell in task["cells"] if cell["shots"] == shots and not cell["source"]}


def _task(task: Mapping[str, Any], ways: Sequence[str]) -> str:
    head = (
        f"### `{task['task']}`\n\n{code(task['encoder'])}, {task['metric']} on {task['test_rows']:,} test rows, chance "
    )
    parts = [f"{head}{task['chance']:.3f}.", _grid(task, ways, source=False)]
    parts += [line for told in task["best"] if (line := _against_best(told))]
    if any(cell["source"] for cell in task["cells"]):
        parts += ["After a source stage on `rt-polarity`:", _grid(task, ways, source=True), _gains(task["source"])]
    return "\n\n".join(parts)


def _grid(task: Mapping[str, Any], ways: Sequence[str], *, source: bool) -> str:
    shots = sorted({cell["shots"] for cell in task["cells"]})
    cells = {(cell["way"], cell["shots"]): cell for cell in task["cells"] if cell["source"] is source}
    rows = [[code(way), *(_cell(cells.get((way, number))) for number in shots)] for way in ways]
    if not source:
        bars = [task["simple"].get(str(number)) for number in shots]
        rows.append(["simple bar", *("" if bar is None else f"{bar:.3f}" for bar in bars)])
    return table(("way", *(f"{number} rows per class" for number in shots)), rows)


def _cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return "missing"
    low, high = cell["interval"]
    draws = len(cell["scores"])
    return f"{cell['mean']:.3f} ({low:.3f} to {high:.3f}{'' if draws > 1 else '; one draw'})"


def _against_best(told: Mapping[str, Any]) -> str:
    worse = [way for way, gain in told["over"].items() if outcome(gain["interval"]) is Outcome.BEATS]
    open_ = [way for way in told["over"] if way not in worse]
    parts = [_named("shown to be worse", worse), _named("no evidence against", open_)]
    return f"{told['shots']} rows per class: {code(told['way'])} has the best mean; {'; '.join(filter(None, parts))}."


def _named(what: str, ways: Iterable[str]) -> str:
    named = ", ".join(map(code, ways))
    return f"{what} {named}" if named else ""


def _gains(gains: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for told in gains:
        value, interval = gained(told["value"], told["interval"])
        verdict = VERDICTS[outcome(told["interval"])]
        rows.append([code(told["way"]), str(told["shots"]), value, interval, verdict, str(told["draws"])])
    return table(("way", "rows per class", "with minus without", "95 % interval", "verdict", "draws"), rows)


def _missing(cells: Sequence[Mapping[str, Any]], ways: Sequence[str]) -> str:
    """Say which cells are not there, those of a task with as many rows per class together."""
    if not cells:
        return "No cell is missing."
    grouped: dict[str, list[str]] = {}
    for cell in cells:
        after = ", after the source" if cell["source"] else ""
        grouped.setdefault(f"{code(cell['task'])} with {cell['shots']}{after}", []).append(cell["way"])
    told = [
        f"- {where}: {'all ways' if len(some) == len(ways) else ', '.join(map(code, some))}"
        for where, some in grouped.items()
    ]
    head = f"{len(cells)} cells are not measured yet (`make few-labels` goes on with them), by rows per class:"
    return "\n".join([head, "", *told])
