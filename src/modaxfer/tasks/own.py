"""A task from a user's own files, without code: ``--data PATH --text COLUMN --label COLUMN``."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.columns import numbers, require_columns, table_types
from modaxfer.data.folders import read_data
from modaxfer.data.origin import file_of
from modaxfer.errors import ConfigError, DataError
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, Field, FolderSource, Problem, Target, TaskSpec
from modaxfer.tasks.intake import input_fields

if TYPE_CHECKING:
    from modaxfer.config import RunConfig

__all__ = ["task_from_files"]

_FEW_VALUES = 20
"""Up to this many distinct whole numbers are classes; half as many where they have decimals."""

_SEPARATORS = (";", "|", ",")


def task_from_files(config: RunConfig) -> TaskSpec:
    """Describe the data in ``config.data`` as a task.

    The spec follows from the config and the files alone, so that the same config makes the same task again. What was
    guessed is said in the spec's summary.

    Args:
        config: Uses `data`, `text`, `image`, `audio`, `number`, `label` and `problem`.

    Raises:
        ConfigError: No data is named, or one column is named twice.
        DataError: The files or columns are not there, or nothing says which column is the label.
    """
    if config.data is None:
        raise ConfigError("no data of your own is named", fix="give a file or folder with --data")
    path = Path(os.path.abspath(Path(config.data).expanduser()))
    train = read_data(path)["train"]
    fields = _fields(config, train)
    column = _label_column(config, train)
    _refuse_repeats(fields, column)
    problem, why = (Problem(config.problem), "as asked for") if config.problem else _guess(train, column)
    target = Target(column=column, problem=problem, separator=_separator(train, column, problem))
    spec = TaskSpec(
        name=re.sub(r"[^a-z0-9]+", "-", path.name.split(".", 1)[0].lower()).strip("-") or "own-data",
        fields=fields,
        target=target,
        sources=(FolderSource(name=str(path)),),
        domain="own data",
    )
    used = input_fields(spec, train)
    return _described(spec, used, f"{problem.value} ({why})")


def _fields(config: RunConfig, table: pa.Table) -> tuple[Field, ...]:
    named = ((config.text, TEXT), (config.image, IMAGE), (config.audio, AUDIO), (config.number, TABLE))
    fields = tuple(Field(name=name, signal=signal) for names, signal in named for name in names)
    require_columns(table, [field.name for field in fields], "input column")
    if not fields and Path(file_of(table)).is_dir():
        # Class folders: the one column beside the label says what the files are.
        return tuple(Field(name=s.kind, signal=s) for s in (IMAGE, AUDIO) if s.kind in table.column_names)
    return fields


def _label_column(config: RunConfig, table: pa.Table) -> str:
    if config.label is not None:
        require_columns(table, [config.label], "label column")
        return config.label
    if "label" not in table.column_names:
        raise DataError(
            "which column is the label?", file=file_of(table), allowed=table.column_names, fix="name it with --label"
        )
    return "label"


def _refuse_repeats(fields: tuple[Field, ...], label: str) -> None:
    names = [field.name for field in fields]
    if label in names:
        raise ConfigError(
            f"column {label!r} is both input and label",
            fix="name another label with --label, or leave it out of the inputs",
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError("a column is named as input twice", got=twice, fix="name it once")


def _guess(table: pa.Table, name: str) -> tuple[Problem, str]:
    """Return the problem type that the labels look like, and why."""
    column = table.column(name)
    advice = "; --problem says otherwise"
    if pa.types.is_nested(column.type):
        return Problem.MULTILABEL, f"guessed, the labels are lists{advice}"
    distinct = pc.count_distinct(column).as_py()
    if table_types([table], [Field(name=name, signal=TABLE)])[name] == "number":
        values = numbers(column).drop_null()
        decimals = bool(pc.any(pc.not_equal(values, pc.floor(values))).as_py())
        many = distinct > _FEW_VALUES // 2 if decimals else distinct > max(_FEW_VALUES, len(column) // 5)
        if many:
            return Problem.REGRESSION, f"guessed from {distinct} distinct numbers{advice}"
    problem = Problem.BINARY if distinct == 2 else Problem.MULTICLASS
    return problem, f"guessed from {distinct} distinct labels{advice}"


def _separator(table: pa.Table, name: str, problem: Problem) -> str:
    column = table.column(name)
    if problem is not Problem.MULTILABEL or pa.types.is_nested(column.type):
        return Target().separator
    text = column.cast(pa.string())
    found = (mark for mark in _SEPARATORS if pc.any(pc.match_substring(text, mark)).as_py())
    return next(found, Target().separator)


def _described(spec: TaskSpec, fields: tuple[Field, ...], problem: str) -> TaskSpec:
    inputs = ", ".join(f"{field.signal.kind} {field.name!r}" for field in fields[:5])
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
    mark = f", separated by {spec.target.separator!r}" if spec.target.problem is Problem.MULTILABEL else ""
    return replace(spec, summary=f"Your own data: {inputs}{more} to {spec.target.column!r}, {problem}{mark}.")
