"""Labelled rows to pretrain by: training rows of tasks, registered ones and those that a user's own files make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modaxfer.config import RunConfig
from modaxfer.contracts import LABEL, SOURCE, TaskData
from modaxfer.errors import RefusedError
from modaxfer.pretraining.named_sources import only_field, text_columns
from modaxfer.pretraining.reading import FIELD
from modaxfer.pretraining.sources import LINES, ROWS, refuse_few
from modaxfer.registry import problem_of, problem_spec, registry
from modaxfer.runner.model.seen import SeenRows
from modaxfer.spec import Field, TaskSpec
from modaxfer.tasks.load import fields_of, load_task

__all__ = ["Labelled", "find_labelled"]


class Labelled:
    """The training rows of a task with their labels, in an order of their own: files may be sorted by class.

    Args:
        task_id: Of the task; rows say it under `modaxfer.contracts.SOURCE`.
        spec: The task.
        data: Its rows; those of validation and test are left alone.
        field: The one that is read.
    """

    def __init__(self, task_id: str, spec: TaskSpec, data: TaskData, field: Field) -> None:
        self.name, self.kind, self.root = f"task {task_id}", field.signal.kind, data.root
        self._task_id, self._field = task_id, field.name
        self._rows, self._targets = data.splits["train"].select_columns([field.name]), data.targets["train"]
        self._order = np.random.default_rng(0).permutation(len(self._rows))
        self.sizes = np.diff([*range(0, len(self._order), ROWS), len(self._order)]).astype(np.int64)
        self.labels = problem_of(spec.target.problem).criterion(len(data.classes), self._targets)
        self.told = f"{spec.target.problem} of {len(data.classes)} classes" if data.classes else spec.target.problem
        self.seen = SeenRows.of(task_id, data.fingerprint, data.digests["train"])

    @property
    def task_id(self) -> str:
        """Of the task."""
        return self._task_id

    def read(self, block: int) -> Sequence[Any]:
        """Return the rows of a block, each with its label and the task that it is from."""
        chosen = self._order[block * ROWS : (block + 1) * ROWS].tolist()
        values = self._rows[chosen][self._field]
        return [
            {FIELD: value, LABEL: self._targets[row], SOURCE: self._task_id}
            for value, row in zip(values, chosen, strict=True)
        ]


def find_labelled(name: str, text: str | None, label: str | None, data_dir: str | None, seed: int) -> Labelled:
    """Return the labelled rows that `name` stands for.

    Args:
        name: A task, a table, or a folder of tables or of one folder per class.
        text: Text column of a table; None = its only one beside the label.
        label: Label column of a table; None = ``label``.
        data_dir: Folder that holds data sets by name.
        seed: Of splits that the data does not bring: a run with the same seed parts it alike.

    Raises:
        UnknownNameError: It is none of these.
        RefusedError: There are no labels, they are not one a row, or the rows are not one text, image or sound.
        DataError: The rows cannot be had, or are too few.
    """
    path = Path(name).expanduser()
    task_id, spec = _own(path, text, label) if path.exists() else _registered(name)
    if problem_spec(spec.target.problem).ragged:
        raise RefusedError(
            f"rows of {task_id} have a label for each of their parts, and a head reads one vector a row",
            got=spec.target.problem, allowed="one class, one number or one set of labels a row",
            fix="name another task",
        )  # fmt: skip
    if spec.fields:
        only_field(task_id, spec.fields)
    data = load_task(spec, data_dir=data_dir, seed=seed)
    made = Labelled(task_id, spec, data, only_field(task_id, fields_of(spec, data)))
    refuse_few(made)
    return made


def _registered(name: str) -> tuple[str, TaskSpec]:
    entry = registry().get("task", name)
    return entry.id, entry.spec


def _own(path: Path, text: str | None, label: str | None) -> tuple[str, TaskSpec]:
    """Return the task that a user's own files are."""
    from modaxfer.data import read_data
    from modaxfer.tasks.own import task_from_files

    if path.suffix in LINES:
        raise RefusedError(
            "supervised pretraining reads labels, and a text file of lines has none", got=path,
            allowed="a table with a label column, a folder with one folder per class, or a task",
            fix="choose an objective that reads no labels, such as masked-language",
        )  # fmt: skip
    if text is None and path.is_file():
        table = read_data(path)["train"]
        beside = text_columns(table, label or "label")
        text = beside[0] if len(beside) == 1 else None
    named = RunConfig(data=str(path), text=(text,) if text else (), label=(label,) if label else ())
    return f"own/{path.stem}", task_from_files(named)
