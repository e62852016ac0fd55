"""A task from a user's own files, without code: ``--data PATH --text COLUMN --label COLUMN``."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.data.cells.columns import require_columns
from modaxfer.data.cells.dotted import with_dotted
from modaxfer.data.cells.labels import learn_labels
from modaxfer.data.layouts.folders import read_data
from modaxfer.data.names import tidy
from modaxfer.data.origin import file_of, path_of
from modaxfer.data.roles import ROLES
from modaxfer.data.streaming.hub import hub_data
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Selection, drawn
from modaxfer.errors import ConfigError, DataError
from modaxfer.problems import TagLabels
from modaxfer.problems.conformity import require_problem
from modaxfer.problems.guess import SEVERAL_COLUMNS, TAGGING, guess_problem, tagged_column
from modaxfer.registry import problem_name, problem_of
from modaxfer.spec import AUDIO, IMAGE, TABLE, TEXT, WORDS, Field, FolderSource, Source, SplitPolicy, Target, TaskSpec
from modaxfer.tasks.intake import input_fields
from modaxfer.tasks.streams import own_stream, refuse_endless, training_rows

if TYPE_CHECKING:
    from modaxfer.config import RunConfig

__all__ = ["task_from_files"]

_LOOKED_AT = 20_000
"""Rows at random from which is guessed what the labels are; all of them where there are no more."""


def task_from_files(config: RunConfig) -> TaskSpec:
    """Describe the data in ``config.data`` as a task.

    The spec follows from the config and the files alone, so that the same config makes the same task again. What was
    guessed is said in the spec's summary.

    Args:
        config: Uses `data`, `text`, `image`, `audio`, `number`, `ignore`, `label`, `group` and `problem`.

    Raises:
        ConfigError: No data is named, one column is named twice, or columns are ignored beside named inputs.
        DataError: The files or columns are not there, or nothing says which column is the label.
        UnknownNameError: There is no such problem type.
    """
    if config.data is None:
        raise ConfigError("no data of your own is named", fix="give a file or folder with --data")
    refuse_endless(config)
    data, config = config.data, _in_normal_form(config)
    if config.problem is not None:
        asked = problem_name(config.problem)
        require_problem(asked, problem_of(asked))
        config = replace(config, problem=asked)
    source, train = _source(config, data)
    train = with_dotted(train, [name for role in (*ROLES, "label", "group") for name in getattr(config, role)])
    fields = _fields(config, train)
    columns = _label_columns(config, train)
    require_columns(train, config.group, "group column")
    _refuse_ignored(config, columns, fields, train)
    _refuse_repeats(fields, columns, config.group)
    target, why = _target(config, train, columns, fields)
    fields, metrics = _tagged(fields, train, target, config.ignore)
    spec = TaskSpec(
        name=re.sub(r"[^a-z0-9]+", "-", _called(data).split(".", 1)[0].lower()).strip("-") or "own-data",
        fields=fields,
        target=target,
        metrics=metrics,
        sources=(source,),
        splits=SplitPolicy(group=config.group),
        ignore=config.ignore,
        domain="own data",
    )
    return _described(spec, input_fields(spec, train), f"{target.problem} ({why})")


def _source(config: RunConfig, data: str) -> tuple[Source, pa.Table]:
    """Return where the rows come from, and training rows from which is told what they are."""
    look = Draw(rows=_LOOKED_AT, seed=0)
    if config.stream:
        stream = own_stream(config)
        return stream, drawn(training_rows(stream, config.seed), look)
    path = os.path.abspath(Path(data).expanduser())
    return FolderSource(name=path), read_data(Path(path), Selection(draw=look))["train"]


def _called(data: str) -> str:
    hub = hub_data(data)
    return Path(hub.dataset if hub else os.path.abspath(Path(data).expanduser())).name


def _in_normal_form(config: RunConfig) -> RunConfig:
    """Return `config` with column names as tables have them: a name typed on macOS may be decomposed."""
    names = {
        kind: tuple(map(tidy, getattr(config, kind)))
        for kind in ("text", "image", "audio", "number", "ignore", "label", "group")
    }
    return replace(config, **names)  # type: ignore[arg-type]


def _fields(config: RunConfig, table: pa.Table) -> tuple[Field, ...]:
    named = ((config.text, TEXT), (config.image, IMAGE), (config.audio, AUDIO), (config.number, TABLE))
    fields = tuple(Field(name=name, signal=signal) for names, signal in named for name in names)
    require_columns(table, [field.name for field in fields], "input column")
    if not fields and Path(path_of(table)).is_dir():
        # Class folders: the one column beside the label says what the files are.
        return tuple(Field(name=s.kind, signal=s) for s in (IMAGE, AUDIO) if s.kind in table.column_names)
    return fields


def _label_columns(config: RunConfig, table: pa.Table) -> tuple[str, ...]:
    if config.label:
        require_columns(table, config.label, "label column")
        return config.label
    if "label" not in table.column_names:
        raise DataError(
            "which column is the label?", file=file_of(table), allowed=table.column_names, fix="name it with --label"
        )
    return ("label",)


def _refuse_ignored(config: RunConfig, labels: tuple[str, ...], fields: tuple[Field, ...], table: pa.Table) -> None:
    """Refuse to ignore what is not there, what is something else, and what nothing would take anyway."""
    require_columns(table, config.ignore, "ignored column")
    for role, names in (("label", labels), ("group", config.group)):
        if both := [name for name in config.ignore if name in names]:
            raise ConfigError(
                f"column {both[0]!r} is both {role} and ignored",
                fix=f"leave --ignore {both[0]} out: a {role} is no input",
            )
    if config.ignore and fields:
        flags = " and ".join(f"--{kind}" for kind in ROLES if getattr(config, kind)) or "class folders"
        raise ConfigError(
            f"--ignore beside {flags} would do nothing: columns that are not named are no inputs",
            got=config.ignore,
            fix=f"leave --ignore out, or {flags}: then a table task takes all other columns",
        )


def _refuse_repeats(fields: tuple[Field, ...], labels: tuple[str, ...], groups: tuple[str, ...]) -> None:
    names = [field.name for field in fields]
    if both := [name for name in labels if name in names]:
        raise ConfigError(
            f"column {both[0]!r} is both input and label",
            fix="name another label with --label, or leave it out of the inputs",
        )
    if both := [name for name in labels if name in groups]:
        raise ConfigError(
            f"column {both[0]!r} is both group and label",
            fix="rows of one label are no group: name another with --group",
        )
    for role, named in (("input", names), ("label", list(labels)), ("group", list(groups))):
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ConfigError(f"a column is named as {role} twice", got=twice, fix="name it once")


def _target(
    config: RunConfig, table: pa.Table, columns: tuple[str, ...], fields: tuple[Field, ...]
) -> tuple[Target, str]:
    """Return the target that `columns` make up, and why it has the problem type it has.

    Raises:
        ConfigError: Several columns are no target of the problem type that is asked for.
        DataError: They hold something else than labels.
        UnknownNameError: There is no such problem type.
    """
    if len(columns) > 1:
        return _several_columns(config, table, columns)
    (column,) = columns
    if not config.problem and (words := tagged_column(table, column, _worded(table, column, fields, config.ignore))):
        why = f"guessed: lists as long as those of column {words!r}, a tag per word; --problem says otherwise"
        return Target(column=column, problem=TAGGING), why
    if not config.problem:
        guess = guess_problem(table, column, learn_labels(table, column))
        target = Target(column=column, problem=guess.problem, separator=guess.separator)
        return target, f"guessed: {guess.why}; --problem says otherwise"
    target = Target(column=column, problem=config.problem)
    labels = problem_of(config.problem).labels
    labels.learn(table, target)
    target, found = labels.refine(table, target)
    return target, f"as asked for{found}"


def _worded(table: pa.Table, label: str, fields: tuple[Field, ...], ignored: tuple[str, ...]) -> list[str]:
    """Return the columns that may hold words: the only one that is named, of text, or any where none is."""
    if fields:
        return [field.name for field in fields if field.signal is TEXT and len(fields) == 1]
    return [name for name in table.column_names if name != label and name not in ignored]


def _tagged(
    fields: tuple[Field, ...], table: pa.Table, target: Target, ignored: tuple[str, ...]
) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """Return the fields of a task, its text as words where these are tagged; and the scores that suit the tags.

    Spans say nothing of the cells of a picture, nor of tags without an ``O``, such as parts of speech.
    """
    labels = problem_of(target.problem).labels
    if not isinstance(labels, TagLabels):
        return fields, ()
    from modaxfer.metrics.spans import (
        has_spans,  # With all of scikit-learn, which a mistake in a name need not wait for.
    )

    if not fields and (words := tagged_column(table, target.column, _worded(table, target.column, (), ignored))):
        fields = (Field(name=words, signal=WORDS),)
    worded = tuple(replace(field, signal=WORDS) if field.signal is TEXT else field for field in fields)
    tags = {tag for row in labels.read(table, target, None) if isinstance(row, tuple) for tag in row}
    spans = has_spans(tags) and not any(field.signal is IMAGE for field in fields)
    return worded, () if spans else ("tag_accuracy", "tag_f1_macro")


def _several_columns(config: RunConfig, table: pa.Table, columns: tuple[str, ...]) -> tuple[Target, str]:
    """Return the target that several columns of 0 and 1 are."""
    problem = config.problem or SEVERAL_COLUMNS
    labels = problem_of(problem).labels
    if not labels.many_columns:
        raise ConfigError(
            "several label columns are one multi-label problem",
            got=config.problem,
            fix="name one label column, or ask for multilabel",
        )
    target = Target(column=", ".join(columns), columns=columns, problem=problem)
    labels.read(table, target, labels.learn(table, target))
    return target, f"{len(columns)} label columns of 0 and 1"


def _described(spec: TaskSpec, fields: tuple[Field, ...], problem: str) -> TaskSpec:
    inputs = ", ".join(f"{field.signal.kind} {field.name!r}" for field in fields[:5])
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
    summary = f"Your own data: {inputs}{more} to {spec.target.column!r}, {problem}."
    return replace(spec, summary=summary, posed=problem)
