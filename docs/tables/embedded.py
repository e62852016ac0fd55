"""Small weights of our own, from what ``make embedded`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modaxfer.reports.claims import Outcome
from tables.markdown import code, codes, table
from tables.measured import conditions, gained, outcome

MEASURED = Path(__file__).resolve().parent.parent / "results" / "embedded.json"
VERDICTS = {
    Outcome.BEATS: "gained",
    Outcome.NO_EVIDENCE: "no evidence",
    Outcome.FALLS_SHORT: "harmed",
    Outcome.NO_INTERVAL: "no interval, no claim",
}

COLUMNS = (
    *("task", "by", "strategy", "metric", "score", "random weights", "gain", "95 % interval", "verdict", "accuracy"),
    *("chance", "simple bar", "rows, train / test"),
)


def embedded(measured: Path = MEASURED) -> str:
    """Return conditions, a section for each checkpoint, sizes and times, and what is missing."""
    if not measured.is_file():
        return "Not measured yet: run `make embedded`."
    found = json.loads(measured.read_text(encoding="utf-8"))
    parts = [conditions(found), *(_checkpoint(each) for each in found["checkpoints"]), _watched(found["watched"])]
    missing = [*found["absent"], *found["missing"]]
    return "\n\n".join(part for part in [*parts, f"Missing: {codes(missing)}." if missing else ""] if part)


def _checkpoint(found: Mapping[str, Any]) -> str:
    labels = f"; the labels of {codes(found['labels'])}, through a teacher" if found["labels"] else ""
    head = (
        f"### `{found['checkpoint']}`\n\n{found['parameters'] / 1e6:.2f} M parameters, trained on "
        f"{' and '.join(found['trained_on'])}. Seen: {codes(found['seen']) or 'inputs of no task'}{labels}."
    )
    return "\n\n".join(part for part in [head, _gains(found["cells"]), _kept(found), _readme(found["readme"])] if part)


def _gains(cells: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for cell in cells:
        gain, interval = gained(cell["gain"], cell["interval"])
        rows.append(
            [
                code(cell["task"]), code(cell["bridge"].rpartition("/")[2]), code(cell["strategy"]), cell["metric"],
                _number(cell["score"]), _number(cell["scratch"]), gain, interval, VERDICTS[outcome(cell["interval"])],
                _number(cell["accuracy"]), _number(cell["chance"]), _number(cell["simple"]),
                f"{cell['rows']['train']:,} / {cell['rows']['test']:,}",
            ]
        )  # fmt: skip
    return table(COLUMNS, rows) if rows else ""


def _kept(found: Mapping[str, Any]) -> str:
    if not found["kept"]:
        return ""
    rows = [
        [code(each["task"]), each["metric"], _number(each["student"]), _number(each["teacher"]),
         _number(each["chance"]), "-" if each["share"] is None else f"{each['share']:.0%}"]
        for each in found["kept"]
    ]  # fmt: skip
    teacher = code(found["teacher"])
    head = f"Frozen, beside its teacher {teacher} on the same rows; kept is the share of what lies above chance:"
    return head + "\n\n" + table(("task", "metric", "student", "teacher", "chance", "kept"), rows)


def _readme(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    bars = []
    for name, value in found["bars"].items():
        shown = f"{name} ({found['simple_model']})" if name == "simple" else name
        says = "beaten" if low > value else "not reached" if high < value else "no evidence"
        bars.append(f"{shown} {value:.3f}: {says}")
    return (
        f"The first line of the README, as it is, takes {code(found['checkpoint'])}: {found['metric']} "
        f"{found['score']:.3f} [{low:.3f}, {high:.3f}] on {found['rows']['test']:,} test rows after "
        f"{(found['seconds'] or 0) / 60:.1f} minutes; {'; '.join(bars)}."
    )


def _watched(found: Sequence[Mapping[str, Any]]) -> str:
    if not found:
        return ""
    rows = [
        [code(each["checkpoint"]), code(each["task"]), code(each["bridge"].rpartition("/")[2]),
         f"{each['parameters'] / 1e6:.2f} M", f"{each['bytes'] / 1e6:.1f} MB", f"{each['ms']:.2f}"]
        for each in found
    ]  # fmt: skip
    how = f"Preparation and one pass of 128 rows in batches of 32, float32, threads: {found[0]['threads']}"
    head = f"### Size and time\n\n{how}; median of three."
    columns = ("checkpoint", "rows of", "by", "parameters used", "weights on disk", "ms per row")
    return head + "\n\n" + table(columns, rows)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
