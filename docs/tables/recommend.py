"""What recommend chooses beside the best cell of a grid, from what ``make recommend`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tables.markdown import code, codes, table
from tables.measured import conditions

MEASURED = Path(__file__).resolve().parent.parent / "results" / "recommend.json"


def recommend(measured: Path = MEASURED) -> str:
    """Return conditions, what each rule comes to, scores, tasks, and what is missing."""
    if not measured.is_file():
        return "Not measured yet: run `make recommend`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    missing = f"Missing: {codes(found['missing'])}." if found["missing"] else ""
    if not found["tasks"]:
        return "\n\n".join(part for part in (conditions(found), missing) if part)
    cost = f"Cost: {found['summary']['cost']['share']:.0%} of the grids' time."
    inside = f"The measured score lay in the promised interval on {found['summary']['in_interval']:.0%} of the tasks."
    parts = [conditions(found), f"{cost} {inside}", _rules(found), _taus(found), _tasks(found), missing]
    return "\n\n".join(part for part in parts if part)


def _rules(found: Mapping[str, Any]) -> str:
    rows = [
        [
            name, f"{own['close']:.0%}", f"{own['regret']:.3f}", f"{own['relative_regret']:.1%}",
            f"{own['top_1']:.0%}", f"{own['top_3']:.0%}",
        ]
        for name, own in found["summary"]["rules"].items()
    ]  # fmt: skip
    columns = (
        "rule",
        "within .01 of the best",
        "mean regret",
        "of the best score",
        "the best cell",
        "among the best three",
    )
    return table(columns, rows)


def _taus(found: Mapping[str, Any]) -> str:
    rows = [
        [name, f"{own['mean']:.2f}", " to ".join(f"{end:.2f}" for end in own["interval"]), str(own["tasks"])]
        for name, own in found["summary"]["tau"].items()
        if own["mean"] is not None
    ]
    return table(("order of encoders by", "weighted tau", "95 % interval over tasks", "tasks"), rows)


def _tasks(found: Mapping[str, Any]) -> str:
    rows = []
    for task in found["tasks"]:
        sign = 1 if task["greater_is_better"] else -1
        best = max(task["cells"], key=lambda cell: sign * cell["score"])
        chosen = next(
            cell for cell in task["cells"] if (cell["encoder"], cell["strategy"]) == tuple(task["chosen"].values())
        )
        share = found["summary"]["cost"]["by_task"][task["task"]]
        rows.append(
            [
                code(task["task"]), task["metric"], _called(chosen), f"{chosen['score']:.3f}",
                f"{task['expected']:.3f} [{task['interval'][0]:.3f}, {task['interval'][1]:.3f}]",
                _called(best), f"{best['score']:.3f}", f"{share:.0%}",
            ]
        )  # fmt: skip
    columns = ("task", "metric", "chosen", "measured", "expected", "best cell", "its score", "cost of the grid's")
    return table(columns, rows)


def _called(cell: Mapping[str, Any]) -> str:
    return "simple bar" if not cell["encoder"] else f"{cell['strategy']} {code(cell['encoder'])}"
