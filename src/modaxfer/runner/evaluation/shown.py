"""What stood in the rows that a model got most wrong, small enough for a report that travels without the data."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.data.blanks import is_missing
from modaxfer.data.given import shown_column
from modaxfer.data.media import read_image, read_sound
from modaxfer.metrics.mistakes import surest
from modaxfer.metrics.spans import marked
from modaxfer.result import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from modaxfer.runner.evaluation.asked import Asked
    from modaxfer.runner.request.resolved import ResolvedTask
    from modaxfer.runner.session import Predictions, TaskSession
    from modaxfer.spec import Field

__all__ = ["MISTAKES", "write_mistakes"]

MISTAKES = "mistakes.json"
"""File of a run: by row id the inputs of the wrong predictions that its report shows."""

SIDE, SECONDS, RATE = 160, 5.0, 16_000
"""Pixels of a thumbnail's longer side; what is heard of a sound, and its rate in Hz."""

LONGEST_TEXT, MOST_COLUMNS = 400, 12


def write_mistakes(folder: Path, session: TaskSession, resolved: ResolvedTask, made: Predictions, asked: Asked) -> None:
    """Write the inputs of the test rows that the model was most surely wrong about.

    Args:
        folder: Of the run.
        session: The trained model's.
        resolved: The task.
        made: Predictions on the test split.
        asked: Its true answers.
    """
    found = session.labels.mistakes(asked.references, made.predictions, made.scores)
    rows = [item.row for item in surest(found)]
    split = resolved.data.splits["test"]
    chosen = split.select(rows).with_format("arrow")[:]
    both = {"true": asked.references, "predicted": made.predictions}
    shown = {
        row_id: [
            *_inputs(chosen, place, resolved.fields, resolved.data.root),
            *_tagged(chosen, place, resolved.fields, {name: values[rows[place]] for name, values in both.items()}),
        ]
        for place, row_id in enumerate(chosen.column("row_id").to_pylist())
    }
    write_atomically(folder / MISTAKES, json.dumps(shown, ensure_ascii=False) + "\n")


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
        one: Mapping[str, Any] = {"text": _cut(str(value))}
        if kind == "image":
            one = {"data": _thumbnail(value, root), "text": _cut(str(name or ""))}
        elif kind == "audio":
            one = {"data": _excerpt(value, root), "text": _cut(str(name or ""))}
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


def _thumbnail(value: Any, root: Path | None) -> str:
    image = read_image(value, root)
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _excerpt(value: Any, root: Path | None) -> str:
    import soundfile

    sound = read_sound(value, root, RATE)
    file = io.BytesIO()
    soundfile.write(file, sound.samples[: round(SECONDS * sound.rate)], sound.rate, format="FLAC", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode("ascii")
