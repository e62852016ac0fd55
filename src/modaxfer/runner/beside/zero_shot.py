"""A source stage's model on the task that comes after it, as it is: what the source alone knows of the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.contracts import TaskData
from modaxfer.errors import ConfigError, RefusedError
from modaxfer.metrics import Scored, bootstrap, compute
from modaxfer.result import Result
from modaxfer.runner.beside.companion import Main
from modaxfer.runner.beside.gain import measured_against
from modaxfer.runner.evaluation.finished import Finished, read_finished
from modaxfer.runner.predict.evaluate import load_rows
from modaxfer.runner.predict.predictor import Predictor
from modaxfer.spec import Field
from modaxfer.tasks.classes import match_classes, read_class_map

__all__ = ["agrees", "in_classes_of", "zero_shot"]


def agrees(main: Main) -> bool:
    """Return whether the classes of the last source are those of the task, or are mapped to them."""
    return _numbers(main) is not None


def zero_shot(main: Main) -> dict[str, Any]:
    """Return the scores of the source stage's model on the test rows of `main`, as a baseline of its result.

    Raises:
        DataError: The rows are gone, or are no longer the same.
        RefusedError: The model reads other fields than the task has.
    """
    numbers = _numbers(main)
    assert numbers is not None, "whoever asks has asked whether they agree"
    own, stage = read_finished(main.folder, main.result), _stage(main)
    predictor = Predictor(stage, device=main.config.device, trust_remote_code=main.config.trust_remote_code)
    task, data = load_rows(main.folder, partial=False)
    rows = _renamed(data, predictor.described.fields, task.fields)
    predictions, scores = predictor.criterion.decode(predictor.logits(rows, data.root))
    made = in_classes_of(Scored(predictions=predictions, scores=scores), numbers, len(main.result.data["classes"]))
    order = np.argsort(np.array([str(name) for name in data.splits["test"]["row_id"]]), kind="stable")
    scored = Scored(predictions=made.predictions[order], scores=None if made.scores is None else made.scores[order])
    return measured_against(own, _finished(own, stage, scored))


def in_classes_of(made: Scored, numbers: Sequence[int], count: int) -> Scored:
    """Return predictions of the source's classes as those of the task.

    Args:
        made: Predictions and scores of a model of the source: class numbers ``[rows]``, or flags ``[rows, classes]``.
        numbers: For each class of the source its number among the task's, -1 where it is none of them.
        count: How many the task has.

    Returns:
        A class that the task does not have gets the number behind its last one, so that it counts as an error; scores
        of several classes that are one to the task are added, or the largest of them taken where each stands alone.
    """
    places = np.array([count if number < 0 else number for number in numbers])
    many = made.predictions.ndim == 2
    scores = None
    if made.scores is not None:
        scores = _gathered(made.scores, places, count, np.maximum if many else np.add)
    if not many:
        return Scored(predictions=places[made.predictions], scores=scores)
    return Scored(predictions=_gathered(made.predictions, places, count, np.maximum), scores=scores)


def _gathered(values: np.ndarray, places: np.ndarray, count: int, join: np.ufunc) -> np.ndarray:
    """Return the columns ``[rows, count]`` of the task, each joined of those of the source that stand for it."""
    made = np.zeros((len(values), count + 1), values.dtype)
    for column, place in enumerate(places):
        made[:, place] = join(made[:, place], values[:, column])
    return made[:, :count]


def _stage(main: Main) -> Path:
    return main.folder / str(main.result.before[-1]["run"])


def _numbers(main: Main) -> tuple[int, ...] | None:
    """Return, for each class of the last source, its number among those of the task; None where they do not agree."""
    if not main.result.before or main.result.tasks:
        return None
    stage = Result.load(_stage(main))
    own, other = main.result.data, stage.data
    if stage.tasks or own["problem"] != other["problem"] or not own["classes"]:
        return None
    given: Mapping[str, str] | None = None
    if main.config.map_classes is not None:
        given = read_class_map(Path(main.config.map_classes).expanduser())
    try:
        return match_classes(other["classes"], own["classes"], given, (stage.task, main.result.task))
    except (ConfigError, RefusedError):
        return None


def _renamed(data: TaskData, read: Sequence[Field], own: Sequence[Field]) -> list[Any]:
    """Return the test rows with the columns that the model reads: those of the task of the same kind, in their order.

    Raises:
        RefusedError: There are others; a table has to have the same columns.
    """
    rows = data.splits["test"]
    if {one.name for one in read} <= set(rows.column_names):
        return list(rows.to_list())
    kinds = [[one.signal.kind for one in each] for each in (read, own)]
    if kinds[0] != kinds[1] or "table" in kinds[0]:
        raise RefusedError(
            "the source stage's model reads other fields than the task has",
            got=[one.name for one in own],
            allowed=[one.name for one in read],
        )
    names = {ours.name: theirs.name for ours, theirs in zip(own, read, strict=True)}
    return list(rows.select_columns(list(names)).rename_columns(names).to_list())


def _finished(own: Finished, stage: Path, scored: Scored) -> Finished:
    """Return the stage's model as a finished run on the rows of `own`, with the scores that it has there."""
    names = list(own.result.metrics["test"])
    common: dict[str, Any] = {
        "problem": own.problem,
        "cost": own.cost,
        "groups": own.groups,
        "references": own.references,
        "predictions": scored.predictions,
        "scores": scored.scores,
    }
    test = dict(compute(names, **common))
    drawn = bootstrap([own.result.primary], seed=own.result.seed, clusters=own.clusters, **common)
    intervals = {name: list(ends) for name, ends in drawn.items()}
    result = replace(own.result, metrics={"test": test, "primary": own.result.primary}, intervals=intervals)
    return replace(own, folder=stage, result=result, scored=scored)
