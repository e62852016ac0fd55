"""Labelled rows that a saved model has never seen: its scores on them, and what could not be scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.data.cleaning import find_label_faults
from modaxfer.data.given import Given
from modaxfer.data.origin import file_of
from modaxfer.data.rows import Rows
from modaxfer.data.targets import Label, encode, read_labels, unseen
from modaxfer.errors import DataError, UnknownNameError, close_matches
from modaxfer.metrics import bootstrap, compute, why_undefined
from modaxfer.registry import registry
from modaxfer.result import Result
from modaxfer.runner.progress import Progress
from modaxfer.runner.saved.given import find_rows
from modaxfer.runner.saved.predict import Predictor, first_reasons
from modaxfer.runner.saved.records import Predicted
from modaxfer.spec import Problem, Target

__all__ = ["score_rows"]


def score_rows(
    run: Path,
    data: Any,
    *,
    label: str | None = None,
    predictor: Predictor | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Score the saved model of `run` on other labelled rows.

    Rows without a label or without a prediction are left out and counted. A class that the model does not know counts
    as an error: whatever it predicts there is wrong.

    Args:
        run: A run's folder.
        data: `modaxfer.data.given.Given` rows, or what `modaxfer.runner.saved.given.find_rows` takes.
        label: Column of the labels; None = as in training.
        predictor: The run's model, where it is loaded already.
        progress: Where to tell how far it is.

    Returns:
        ``metrics``, ``intervals`` and ``stored`` as of `modaxfer.runner.saved.evaluate.evaluate`; ``rows`` (scored),
        ``dropped`` (reason to number), ``dropped_rows`` and ``warnings`` (lines).

    Raises:
        DataError: There is no model or no label column, or not one row can be scored.
    """
    stored = Result.load(run)
    predictor = predictor or Predictor(run)
    problem = predictor.objective.problem
    target = Target(column=label or _label_column(run), problem=problem)
    given = data if isinstance(data, Given) else find_rows(data, predictor.saved.input_fields())
    _require_label(given, target.column)
    labels = read_labels(given.table, target)
    unlabelled = _unlabelled(labels)
    if len(unlabelled) == len(labels):
        reasons = first_reasons({row: detail for row, (_, detail) in unlabelled.items()})
        raise DataError("not one row has a label", column=target.column, got=reasons, fix="name it with --label")
    made = predictor.predict_rows(given, progress)
    faults = {row: ("unreadable", reason) for row, reason in made.reasons.items()} | unlabelled
    kept = np.array([row for row in range(len(labels)) if row not in faults], np.int64)
    if not len(kept):
        reasons = first_reasons({row: detail for row, (_, detail) in faults.items()})
        raise DataError("not one row can be scored", got=reasons, fix="repair the rows")
    metrics, intervals, strange = _scores(stored, predictor, made, [labels[row] for row in kept], kept)
    return {
        "metrics": metrics,
        "stored": dict(stored.metrics["test"]),
        "intervals": intervals,
        "rows": len(kept),
        "dropped": dict(Counter(reason for reason, _ in faults.values())),
        "dropped_rows": [f"row {row + 1}: {detail}" for row, (_, detail) in sorted(faults.items())],
        "warnings": [*made.warnings, *_unlabelled_line(unlabelled, len(labels)), *strange],
    }


def _scores(
    stored: Result, predictor: Predictor, made: Predicted, labels: Sequence[Label], kept: np.ndarray
) -> tuple[dict[str, float], dict[str, list[float]], list[str]]:
    problem, classes = predictor.objective.problem, tuple(predictor.saved.classes)
    strange = unseen(labels, classes) if problem is not Problem.REGRESSION else {}
    names = tuple(sorted({name for own in strange.values() for name in own}))
    # A label that the model does not know is, in a multi-label row, one that it misses: a column of its own.
    known = (*classes, *names) if problem is Problem.MULTILABEL else classes
    predictions = [made.predictions[row] for row in kept]
    scores = made.scores[kept] if made.scores is not None else None
    if scores is not None and len(known) > len(classes):
        scores = np.hstack([scores, np.zeros((len(kept), len(known) - len(classes)), scores.dtype)])
    said = [tuple(one) if isinstance(one, list) else one for one in predictions]
    common: dict[str, Any] = {
        "problem": problem,
        "references": encode(labels, problem, known),
        "predictions": encode(said, problem, known),
        "scores": scores,
    }
    if problem is Problem.MULTILABEL:
        common["predictions"] = common["predictions"].astype(np.int64)
    wanted = list(stored.metrics["test"])
    metrics = dict(compute(wanted, **common))
    intervals = {name: list(ends) for name, ends in bootstrap(wanted, seed=stored.seed, **common).items()}
    lines = [*why_undefined(metrics, common["references"])]
    if strange:
        lines.append(
            f"{len(strange)} of {len(labels)} rows have a class that the model does not know "
            f"({', '.join(names)}): they count as errors"
        )
    return metrics, intervals, lines


def _label_column(run: Path) -> str:
    """Return the column that the run's labels came from."""
    config = build(RunConfig, read_yaml(run / "config.yaml"))
    if config.data is None and config.task:
        try:
            return str(registry().get("task", config.task[0]).spec.target.column)
        except UnknownNameError:
            pass  # Its plugin is not installed here; new rows can be scored all the same.
    return config.label or Target().column


def _require_label(given: Given, column: str) -> None:
    if column in given.table.column_names:
        return
    close = close_matches(column, given.table.column_names)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    raise DataError(
        f"label column {column!r} is not in the data",
        file=file_of(given.table) or None,
        allowed=given.table.column_names,
        fix=f"{meant}Name it with --label; `modaxfer predict` takes rows without labels",
    )


def _unlabelled(labels: Sequence[Label]) -> dict[int, tuple[str, str]]:
    import pyarrow as pa

    numbers = np.arange(1, len(labels) + 1)
    return find_label_faults(Rows(table=pa.table({}), labels=labels, numbers=numbers, split="", file="", media={}), ())


def _unlabelled_line(faults: Mapping[int, tuple[str, str]], rows: int) -> list[str]:
    if not faults:
        return []
    reasons = first_reasons({row: detail for row, (_, detail) in faults.items()})
    return [f"{len(faults)} of {rows} rows have no label that can be scored: {reasons}"]
