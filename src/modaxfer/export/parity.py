"""An export against its run on rows that were held out: in a fresh process, so that it must do without modaxfer."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.media.values import encoded
from modaxfer.errors import RunFailedError
from modaxfer.runner.predict.evaluate import load_rows

if TYPE_CHECKING:
    from modaxfer.export.subject import Subject

__all__ = ["HeldOut", "compared", "difference", "held_out"]

PYTHON = sys.executable
"""Who loads an export; tests name the Python of an environment that never had modaxfer."""

OUTSIDE = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
"""Variables by which modaxfer might be found."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Rows that an export is compared on, and what the run says of them."""

    split: str
    examples: list[Any]
    """Prepared as the run's model takes them."""
    rows: list[dict[str, Any]]
    """As a ``pipeline.py`` takes them: texts, and encoded pictures and sounds."""
    scores: np.ndarray
    """Calibrated, float32 ``[rows, classes]``; of numbers the values ``[rows, 1]``."""


def held_out(subject: Subject, count: int) -> HeldOut:
    """Return the first rows of the validation split, of a task without one of the test split; labels are not read.

    Raises:
        DataError: The task's rows are gone or changed, or one cannot be read.
    """
    _, data = load_rows(subject.run, partial=False)
    split = "validation" if "validation" in data.splits and len(data.splits["validation"]) else "test"
    rows = data.splits[split].select(range(min(count, len(data.splits[split])))).to_list()
    examples, logits = list(subject.predictor.examples(rows, data.root)), subject.predictor.logits(rows, data.root)
    decided = subject.described.decision.apply(subject.predictor.criterion, logits)
    scores = decided.predictions[:, None] if decided.calibrated is None else decided.calibrated
    fields = [one.name for one in subject.tower.fields]
    given = [{name: _given(subject.kind, row[name], data.root) for name in fields} for row in rows]
    return HeldOut(split=split, examples=examples, rows=given, scores=scores)


def compared(subject: Subject, folder: Path, held: HeldOut) -> dict[str, Any]:
    """Measure the export in `folder`.

    Returns:
        ``form``, ``mb`` on disk, ``p50_ms`` and ``p95_ms`` of one row at a time, preparation included,
        ``peak_mb`` of the process's memory, ``difference`` (see `difference`), ``rows`` and their ``split``.

    Raises:
        RunFailedError: The export does not work.
    """
    told = _measured(folder, held.rows)
    seconds = np.array(told["seconds"]) * 1000
    return {
        "mb": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 3),
        "p50_ms": round(float(np.percentile(seconds, 50)), 2),
        "p95_ms": round(float(np.percentile(seconds, 95)), 2),
        "peak_mb": None if told["peak_mb"] is None else round(told["peak_mb"], 1),
        "difference": difference(subject, np.array(told["scores"]), held.scores),
        "rows": len(held.rows),
        "split": held.split,
    }


def difference(subject: Subject, made: np.ndarray, wanted: np.ndarray) -> float:
    """Return the largest difference of probabilities; of numbers, in deviations of the target."""
    return float(np.abs(made - wanted).max() / float(subject.answers()["deviation"]))


def _measured(folder: Path, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Run `modaxfer.export.carried.measured` in a process that does not find modaxfer by its path."""
    environment = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    with tempfile.TemporaryDirectory() as place, as_file(files("modaxfer.export.carried") / "measured.py") as script:
        given, out = Path(place) / "rows.json", Path(place) / "out.json"
        given.write_text(json.dumps(rows, default=_plain), encoding="utf-8")
        words = [PYTHON, "-I", "-B", str(script), str(folder.resolve()), str(given), str(out)]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no word"])[-1]
            raise RunFailedError("what was exported does not predict", got=last, fix="report it with the run's config")
        told: Mapping[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return told


def _given(kind: str, value: Any, root: Path | None) -> Any:
    if kind in ("text", "drawn"):
        return value
    with encoded(value, root).open() as stream:
        return stream.read()


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()}
