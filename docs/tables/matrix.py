"""The matrix of encoders, strategies and tasks, from what ``make matrix`` stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tables.markdown import table

MEASURED = Path(__file__).resolve().parent.parent / "results" / "matrix.json"


def matrix() -> str:
    """Return a table per task, encoders by strategies, and why cells have no score."""
    if not MEASURED.is_file():
        return "Not measured yet: run `make matrix`."
    return render(json.loads(MEASURED.read_text(encoding="utf-8")))


def render(found: Mapping[str, Any]) -> str:
    """Return the page's text for what was stored."""
    from modaxfer.reports.compare.rows import tally
    from modaxfer.reports.compare.summary import summarise
    from modaxfer.runner.compare.ledger import CellRecord

    blocks = [(block["name"], [CellRecord(**cell) for cell in block["cells"]]) for block in found["blocks"]]
    notes: dict[str, int] = {}
    parts = [_conditions(found), f"{tally([cell for _, cells in blocks for cell in cells])}."]
    for name, cells in blocks:
        parts.append(f"## {name[:1].upper()}{name[1:]}")
        for summary in summarise(cells):
            parts += [_task(summary, found["signals"]), _scores(summary, notes)]
    if notes:
        listed = "\n".join(f"{number}. {reason}" for reason, number in notes.items())
        parts.append(f"## Why cells have no score\n\n{listed}")
    return "\n\n".join(parts)


def _conditions(found: Mapping[str, Any]) -> str:
    machine, setting = found["machine"], found["setting"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    rows = f"At most {setting['limit']} training rows, {setting['epochs']:g} epoch(s), {setting['seeds']} seed(s)"
    return f"Made {found['date']} on {machine['cores']} cores of {machine['processor']}. {versions}. {rows}."


def _task(summary: Any, signals: Mapping[str, str]) -> str:
    from modaxfer.reports.scores import number

    kinds = ", ".join(dict.fromkeys(signals.get(name, "") for name in summary.task.split("+")))
    lower = "" if summary.greater_is_better else ", lower is better"
    rows = f" on {summary.test_rows:,} rows" if summary.test_rows else ""
    bars = ", ".join(
        f"{name}{f' ({summary.simple})' if name == 'simple' and summary.simple else ''} {number(value)}"
        for name, value in summary.baselines.items()
    )
    scored = f"Test {summary.metric}{rows}{lower}{'; ' if bars else ''}{bars}."
    scored = scored if summary.metric else "No cell has a score."
    return f"### {summary.task}{f' ({kinds})' if kinds.strip(', ') else ''}\n\n{scored}"


def _scores(summary: Any, notes: dict[str, int]) -> str:
    rows = [
        [_encoder(summary, encoder), *(_cell(summary.at(encoder, name), notes) for name in summary.strategies)]
        for encoder in summary.encoders
    ]
    return table(["encoder", *summary.strategies], rows)


def _encoder(summary: Any, encoder: str) -> str:
    """Name the encoder and the bridge it was reached over."""
    places = (summary.at(encoder, strategy) for strategy in summary.strategies)
    bridges = dict.fromkeys(place.bridge for place in places if place is not None and place.bridge)
    return f"`{encoder}`" + (f" over {', '.join(bridges)}" if bridges else "")


def _cell(found: Any, notes: dict[str, int]) -> str:
    from modaxfer.reports.compare import MARKS
    from modaxfer.reports.scores import number

    if found is None or found.status == "waiting":
        return ""
    if found.status != "completed":
        numbers = [notes.setdefault(reason, len(notes) + 1) for reason in _reasons(found.cells)]
        return f"{found.status} ({', '.join(map(str, numbers))})"
    shared = [
        f"{part['task']} {number(part['score'])}"
        + (f" (alone {number(part['alone'])})" if part["alone"] is not None else "")
        for part in found.parts
    ]
    outcome = found.outcome("simple")
    score = [f"{number(found.mean)} {MARKS[outcome] if outcome else ''} {found.spread}"] if found.scores else []
    return "; ".join(" ".join(text.split()) for text in (*score, *shared))


def _reasons(cells: Sequence[Any]) -> list[str]:
    return list(dict.fromkeys(cell.reason or "no reason was stored" for cell in cells if cell.status != "completed"))
