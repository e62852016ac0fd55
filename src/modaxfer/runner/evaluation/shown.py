"""What stood in the rows that a report shows, small enough to travel in it without the data."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.blanks import is_missing
from modaxfer.data.given import shown_column
from modaxfer.data.media import read_image, read_sound
from modaxfer.metrics.doubtful import doubted_labels, least_sure, rateable
from modaxfer.metrics.mistakes import surest
from modaxfer.metrics.spans import marked
from modaxfer.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from modaxfer.runner.evaluation.scores import Findings
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.runner.session import TaskSession
    from modaxfer.spec import Field

__all__ = ["MISTAKES", "excerpt", "thumbnail", "write_mistakes"]

MISTAKES = "mistakes.json"
"""File of a run: by row id the inputs of the rows that its report shows: mistakes first, then doubtful ones."""

SIDE, SECONDS, RATE = 160, 5.0, 16_000
"""Pixels of a thumbnail's longer side; what is heard of a sound, and its rate in Hz."""

LONGEST_TEXT, MOST_COLUMNS = 400, 12


def write_mistakes(folder: Path, session: TaskSession, resolved: ResolvedTask, findings: Findings) -> None:
    """Write the inputs of the test rows that the model was most surely wrong about, and least sure of.

    Also of those whose label is likely wrong, validation rows among them where the run may see their labels.

    Args:
        folder: Of the run.
        session: The trained model's.
        resolved: The task.
        findings: Predictions and true answers of its splits.
    """
    kept: dict[str, list[dict[str, Any]]] = {}
    for name, rows in _chosen(session, resolved, findings).items():
        of_test = (findings.test, findings.asked)
        made, ask = of_test if name == "test" else (findings.validation, findings.validation_asked)
        table = resolved.data.splits[name].select(rows).with_format("arrow")[:]
        both = {"true": ask.references, "predicted": made.predictions}
        for place, row_id in enumerate(table.column("row_id").to_pylist()):
            tags = {told: values[rows[place]] for told, values in both.items()}
            kept[row_id] = [
                *_inputs(table, place, resolved.fields, resolved.data.root),
                *_tagged(table, place, resolved.fields, tags),
            ]
    write_atomically(folder / MISTAKES, json.dumps(kept, ensure_ascii=False) + "\n")


def _chosen(session: TaskSession, resolved: ResolvedTask, findings: Findings) -> dict[str, list[int]]:
    """Return by split the rows that are shown, in the order in which the report comes to them."""
    made, labels = findings.test, findings.asked.references
    rows = [item.row for item in surest(session.labels.mistakes(labels, made.predictions, made.scores))]
    if made.scores is None or not rateable(labels, made.scores):
        return {"test": rows}
    rows += map(int, least_sure(made.scores.astype(np.float64)))
    count, scores = 0, made.scores
    if not resolved.hidden and findings.validation.scores is not None:
        # Validation rows first, as `modaxfer.reports.doubts` has them.
        count = len(findings.validation_asked.references)
        labels = np.concatenate([findings.validation_asked.references, labels])
        scores = np.concatenate([findings.validation.scores, scores])
    doubted, _ = doubted_labels(labels, scores.astype(np.float64))
    rows += (int(row) - count for row in doubted if row >= count)
    return {"test": list(dict.fromkeys(rows)), "validation": [int(row) for row in doubted if row < count]}


def _inputs(table: pa.Table, place: int, fields: tuple[Field, ...], root: Path | None) -> list[dict[str, Any]]:
    """Return the inputs of one row: ``name``, ``kind`` and ``text``, or ``data`` (base64) of a picture or a sound."""
    found = []
    tabular = [field for field in fields if field.signal.kind == "table"]
    for field in (*(field for field in fields if field not in tabular), *tabular[:MOST_COLUMNS]):
        value = table.column(field.name)[place].as_py()
        if is_missing(value) or field.signal.kind == "words":
            continue
        kind = field.signal.kind
        name = shown_column(table.column(field.name).slice(place, 1)).to_pylist()[0]
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        one: Mapping[str, Any] = {"text": _cut(str(int(value) if whole else value))}
        if kind == "image":
            one = {"data": thumbnail(value, root), "text": _cut(str(name or ""))}
        elif kind == "audio":
            one = {"data": excerpt(value, root), "text": _cut(str(name or ""))}
        found.append({"name": field.name, "kind": kind, **one})
    if len(tabular) > MOST_COLUMNS:
        found.append({"name": "", "kind": "table", "text": f"and {len(tabular) - MOST_COLUMNS} more columns"})
    return found


def _tagged(table: pa.Table, place: int, fields: tuple[Field, ...], tags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the words of one row, once with its true spans in brackets and once with those that were predicted."""
    names = [field.name for field in fields if field.signal.kind == "words"]
    texts = (
        (name, told, marked(table.column(name)[place].as_py(), own)) for name in names for told, own in tags.items()
    )
    return [{"name": f"{name}, {told}", "kind": "text", "text": _cut(text)} for name, told, text in texts]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "..."


def thumbnail(value: Any, root: Path | None) -> str:
    """Return a picture, small, as JPEG in base64; `value` and `root` as for `modaxfer.data.media.read_image`."""
    image = read_image(value, root)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return base64.b64encode(file.getvalue()).decode("ascii")


def excerpt(value: Any, root: Path | None) -> str:
    """Return the beginning of a sound as FLAC in base64; `value` and `root` as for `modaxfer.data.media.read_sound`."""
    import soundfile

    sound = read_sound(value, root, RATE)
    file = io.BytesIO()
    soundfile.write(file, sound.samples[: round(SECONDS * sound.rate)], sound.rate, format="FLAC", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode("ascii")
