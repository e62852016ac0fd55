"""New rows through a saved model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from modaxfer.contracts import Example
from modaxfer.data.blanks import present
from modaxfer.data.columns import conform
from modaxfer.errors import DataError
from modaxfer.runner.findings.summary import labels
from modaxfer.runner.processes.precision import choose_device, multiplies_bf16
from modaxfer.runner.progress import Progress
from modaxfer.runner.rows.encode import Computer, forward_rows, lengths_of
from modaxfer.runner.rows.prepare import counting, examples, losses
from modaxfer.runner.saved.given import as_table
from modaxfer.runner.saved.model import SavedModel, load_model, objective_of
from modaxfer.runner.towers.joint import JointProcessor, JointRows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Predicted", "Predictor"]

MAX_TOKENS = 8192


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """What the model says of some rows, in their order."""

    predictions: list[Any]
    """Class names, lists of them (multi-label), or numbers."""
    scores: np.ndarray | None
    """Probabilities ``[rows, classes]``; None for a regression."""
    classes: tuple[str, ...]
    table: pa.Table
    """The rows as they were read."""


class Predictor:
    """The model of a run, loaded once.

    Args:
        run: A run's folder.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises:
        DataError: There is no model.
        CheckpointUnavailableError: Its base weights cannot be had.
    """

    def __init__(self, run: Path, *, device: str = "auto") -> None:
        self.saved = SavedModel.read(run)
        place = choose_device(device)
        usable = {"bf16": multiplies_bf16(place), "fp16": place.type == "cuda"}
        self.computer = Computer(place, self.saved.precision if usable.get(self.saved.precision) else "fp32")
        self.model, self.processor = load_model(run, self.saved)
        self.model.to(place)
        self.objective = objective_of(self.saved)

    def predict(self, data: Any) -> list[dict[str, Any]]:
        """Return one mapping per row: ``prediction`` and, for classes, ``scores`` by class."""
        made = self.predict_table(*as_table(data))
        if made.scores is None:
            return [{"prediction": value} for value in made.predictions]
        return [
            {"prediction": value, "scores": dict(zip(made.classes, map(float, row), strict=True))}
            for value, row in zip(made.predictions, made.scores, strict=True)
        ]

    def predict_table(self, table: pa.Table, root: Path | None, progress: Progress | None = None) -> Predicted:
        """Predict the rows of `table`; relative media paths are resolved below `root`.

        Raises:
            DataError: A column that the model reads is missing, or a row cannot be read.
        """
        fields = self.saved.input_fields()
        rows = conform(self._completed(table), fields, types=self.saved.types).to_pylist()
        if not rows:
            raise DataError("no rows to predict", fix="give at least one row below the header")
        predictions, scores = self.objective.decode(self.logits(rows, root, progress))
        classes = tuple(self.saved.classes)
        return Predicted(
            predictions=labels(predictions, self.objective.problem, classes),
            scores=scores,
            classes=classes,
            table=table,
        )

    def logits(self, rows: list[dict[str, Any]], root: Path | None, progress: Progress | None = None) -> torch.Tensor:
        """Return float32 logits ``[rows, outputs]`` of conformed rows."""
        progress = progress or Progress(enabled=False)
        prepared = self._examples(rows, root, progress)
        logits = torch.zeros(len(prepared), self.objective.outputs)
        with progress.bar("predicting", len(prepared)) as advance:
            for chosen, values in forward_rows(
                prepared,
                lengths_of(prepared, self.processor),
                self.processor.collate,
                self.model,
                self.computer,
                max_tokens=MAX_TOKENS,
                advance=advance,
            ):
                logits[torch.from_numpy(chosen)] = values.float().cpu()
        return logits

    def _completed(self, table: pa.Table) -> pa.Table:
        """Return `table` with empty columns for fields that a model of several encoders can do without."""
        absent = [field.name for field in self.saved.input_fields() if field.name not in table.column_names]
        parts = [{field.name for field in tower.input_fields()} for tower in self.saved.towers]
        if len(parts) == 1 or not any(part & set(table.column_names) for part in parts):
            return table
        import pyarrow as pa

        for name in absent:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.string()))
        return table

    def _examples(self, rows: list[dict[str, Any]], root: Path | None, progress: Progress) -> Sequence[Example]:
        """Return conformed rows as the model takes them.

        Raises:
            DataError: A row cannot be read, or has nothing that any encoder reads.
        """
        towers = self.saved.towers
        processors = self.processor.parts if isinstance(self.processor, JointProcessor) else (self.processor,)
        made = []
        for tower, processor in zip(towers, processors, strict=True):
            blanks = tower.input_fields() if len(towers) > 1 else ()
            bridge, counted = tower.build_bridge(root), counting(processor)
            chunks = examples(rows, bridge, counted, progress, label="preparing", blanks=blanks)
            made.append([example for chunk in chunks for example in chunk])
            for line in losses(bridge, counted):
                progress.say(f"warning: {line}")
        if len(towers) == 1:
            return made[0]
        there = np.stack([present(rows, tower.input_fields()) for tower in towers], axis=1)
        if not there.any(axis=1).all():
            empty = int(np.flatnonzero(~there.any(axis=1))[0]) + 1
            raise DataError("a row has no input", row=empty, fix="fill at least one of its columns")
        return JointRows(made, there)
