"""The simple model of a task, fitted in seconds: what a deep model has to beat to earn its keep."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from modaxfer.baselines.linear import model_name
from modaxfer.baselines.sample import best, draw
from modaxfer.contracts import Simple
from modaxfer.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.baselines.sample import Sample
    from modaxfer.contracts import Judge, TaskData
    from modaxfer.spec import Field

__all__ = ["fit_simple"]

MODELS = {
    "audio": "modaxfer.baselines.audio",
    "image": "modaxfer.baselines.image",
    "table": "modaxfer.baselines.table",
    "text": "modaxfer.baselines.text",
}
"""Signal kind to the module that has its simple model."""


def fit_simple(data: TaskData, *, fields: Sequence[Field], seed: int = 0, judge: Judge | None = None) -> Simple:
    """Fit the simple model of the fields' signal on the training rows.

    Text: tf-idf and a linear model. Table: gradient-boosted trees. Image: small raw pixels and a linear model. Sound:
    log-mel statistics and a linear model. Settings are chosen on the validation rows; test targets are sealed. Of
    several kinds of field each gets its model, and the one that is best on the validation rows is returned.

    Args:
        data: Rows with the splits ``train``, ``validation`` and ``test``. Class numbers as targets make it a
            classifier, 0 and 1 per label one per label, numbers a regression.
        fields: Input fields, at least one.
        seed: Seed of the sample and of the trees.
        judge: Decides among settings on the validation rows, ``(references, predictions, scores) -> value``, greater
            is better; None takes macro F1, of numbers the squared error. A fair bar is judged by the metric
            that decides for the model it is held against.

    Raises:
        RefusedError: No field is of a kind that has a simple model.
        DataError: An image or a sound cannot be read.
    """
    kinds = sorted({field.signal.kind for field in fields} & MODELS.keys())
    if not kinds:
        raise RefusedError(
            "there is no simple model for these fields",
            got=[f"{field.name} ({field.signal})" for field in fields] or "no field",
            allowed=sorted(MODELS),
        )
    sample = {kind: draw(data, [field for field in fields if field.signal.kind == kind], seed) for kind in kinds}
    any_sample = sample[kinds[0]]
    outputs = {kind: best(import_module(MODELS[kind]).candidates(sample[kind]), sample[kind], judge) for kind in kinds}
    chosen = best(outputs.values(), any_sample, judge)
    kind = next(kind for kind in kinds if outputs[kind] is chosen)
    return Simple(
        name=_name(kind, sample[kind]),
        predictions={split: any_sample.said(part)[0] for split, part in chosen.items()},
        scores={split: any_sample.said(part)[1] for split, part in chosen.items()},
        train_rows=any_sample.rows("train"),
    )


def _name(kind: str, sample: Sample) -> str:
    name = str(import_module(MODELS[kind]).NAME)
    if kind == "table":
        return name
    return f"{name} + {model_name(sample, sparse=kind == 'text')}"
