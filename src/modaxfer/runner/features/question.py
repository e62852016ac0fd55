"""What features are asked for: an encoder, rows, a layer and a pooling, and where they go. Imports nothing heavy."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modaxfer.config import RunConfig, build, documented
from modaxfer.errors import ConfigError
from modaxfer.spec import SPLITS

__all__ = ["CACHE", "ENDINGS", "SHARED", "Question", "Reading", "read_question", "rows_file"]

SHARED = (
    "encoder", "task", "data", "stream", "text", "image", "audio", "number", "label", "data_dir", "bridge",
    "checkpoint", "revision", "seed", "limit", "precision", "device", "trust_remote_code", "set",
)  # fmt: skip
"""Fields of `RunConfig` that mean the same as in `modaxfer train`. ``label`` names columns that are no inputs."""

CACHE = ("cache", "train.cache")
"""Names of the option that keeps rows and vectors in the cache."""

ENDINGS = (".parquet", ".npy")

POOLINGS = ("cls", "mean", "mean_std")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read of the encoder, of which rows, and where it goes."""

    split: tuple[str, ...] = documented((), "Split of --task, or of a folder: train, validation, test. Default: all.")
    layer: str = documented(
        "last",
        "Layer that is read: last, a number (0 = embeddings), mean (of all), or auto, the one that the labels of "
        "--task choose, as strategy frozen does. Default: last, or encoder.layer.",
    )
    pooling: str | None = documented(None, "How tokens are pooled. Default: the encoder's way.", choices=POOLINGS)
    output: str | None = documented(
        None,
        "File that is written: F.parquet, or F.npy with its row ids in F.rows.csv; with --stream and no --limit a "
        "folder of parquet files.",
    )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A whole request."""

    reading: Reading
    settings: RunConfig
    """Encoder, rows, and how they come to it."""

    @property
    def passing(self) -> bool:
        """Whether rows pass by and none is kept: all of a stream, where no limit says that a part of it is drawn."""
        return self.settings.stream and self.settings.limit is None

    @property
    def output(self) -> Path | None:
        """The file that is asked for."""
        return None if self.reading.output is None else Path(self.reading.output).expanduser()


def read_question(values: Mapping[str, Any], *, in_memory: bool = False) -> Question:
    """Make a question from plain values: fields of `Reading`, and those of `RunConfig` that are in `SHARED`.

    Args:
        values: By name.
        in_memory: Whether rows are given beside them.

    Raises:
        ConfigError: A key or a value is wrong, there is no encoder, several, no rows, or the output cannot be written.
    """
    names = {item.name for item in dataclasses.fields(Reading)}
    shared = {key: value for key, value in values.items() if key not in names}
    idle = [key for key in shared if key not in SHARED and hasattr(RunConfig(), key)]
    if idle:
        raise ConfigError(
            "features take no such setting",
            got=idle,
            allowed=[*names, *SHARED],
            fix="leave it out: nothing is trained here",
        )
    reading = build(Reading, {key: value for key, value in values.items() if key in names})
    question = Question(reading=reading, settings=build(RunConfig, shared))
    _check(question, in_memory)
    if question.passing:
        settings = question.settings
        question = replace(question, settings=replace(settings, set={**settings.set, "train.cache": False}))
    return question


def rows_file(output: Path) -> Path:
    """Return where the row ids of an array in `output` are written."""
    return output.with_suffix(".rows.csv")


def _check(question: Question, in_memory: bool) -> None:
    settings, reading = question.settings, question.reading
    if len(settings.encoder) != 1:
        raise ConfigError(
            "features are of one encoder",
            got=list(settings.encoder) or "none",
            fix="name one with --encoder: a name, a hub id, a folder or a completed run",
        )
    given = [bool(settings.task), settings.data is not None, in_memory]
    if sum(given) != 1:
        raise ConfigError(
            "features are of the rows of one task, or of your own",
            got="no rows" if not any(given) else "both",
            fix="name --task T, or --data FILE with --text COL (or --image, --audio, --number)",
        )
    if len(settings.task) > 1:
        raise ConfigError("features are of one task", got=settings.task, fix="ask for one after the other")
    if unknown := [name for name in reading.split if name not in SPLITS]:
        raise ConfigError("there is no such split", got=unknown, allowed=SPLITS, fix="correct --split")
    if reading.layer not in ("last", "mean", "auto") and not reading.layer.isdecimal():
        raise ConfigError(
            "--layer is no layer",
            got=reading.layer,
            allowed="last, mean, auto, or a number: 0 (embeddings) to that of the last layer",
            fix="--layer last",
        )
    if reading.layer == "auto" and not settings.task:
        raise ConfigError(
            "--layer auto is chosen by the labels of a task, and these rows have none",
            got="--layer auto",
            allowed="last, mean or a number",
            fix="name a --task; or train with --strategy frozen, and ask that run: modaxfer.load(RUN).features(rows)",
        )
    _check_stream(question, in_memory)
    if question.output is not None and not question.passing:
        _check_output(question.output)


def _check_stream(question: Question, in_memory: bool) -> None:
    settings = question.settings
    if in_memory and (settings.stream or settings.limit is not None):
        raise ConfigError(
            "rows in memory are all encoded", got="stream" if settings.stream else "limit",
            fix="give those rows alone that are wanted",
        )  # fmt: skip
    if settings.data is not None and not settings.stream:
        _refuse_hub(settings.data)
    if question.passing:
        _check_passing(question)


def _refuse_hub(data: str) -> None:
    from modaxfer.data.streaming.hub import hub_data  # Imports pyarrow.

    if hub := hub_data(data):
        raise ConfigError(
            "there is no such file or folder", got=data,
            fix=f"check the path; the data set {hub.dataset} of the hub is read with --stream, not copied",
        )  # fmt: skip


def _check_passing(question: Question) -> None:
    """Refuse what takes all rows at once, where none is kept."""
    settings, output = question.settings, question.output
    drawn = "or add --limit N, which encodes N rows at random and keeps these"
    if settings.task:
        raise ConfigError(
            "the rows of a task are cleaned and divided as a whole, not as a stream", got=settings.task,
            fix=f"name their file, folder or data set of the hub with --data, {drawn}",
        )  # fmt: skip
    if settings.number or not (settings.text or settings.image or settings.audio):
        raise ConfigError(
            "what the cells of a table mean is found in all rows, and of a stream none is kept",
            got=[f"--number {name}" for name in settings.number] or "no column named",
            fix=f"name columns with --text, --image or --audio, {drawn}",
        )  # fmt: skip
    if output is None or output.suffix or output.is_file():
        raise ConfigError(
            "all rows of a stream go into a folder of parquet files", got=output or "no --output",
            fix=f"name a folder with --output, {drawn}",
        )  # fmt: skip
    kept = {key: value for key, value in settings.set.items() if key in CACHE and str(value).lower() != "false"}
    if kept:
        raise ConfigError("rows that pass by are not kept in the cache as well", got=kept, fix=f"leave it out, {drawn}")


def _check_output(output: Path) -> None:
    if output.suffix.lower() not in ENDINGS:
        raise ConfigError("features are written by file extension", got=output, allowed=ENDINGS, fix="name such a file")
    if output.is_dir():
        raise ConfigError("the output is a folder", got=output, fix="name a file in it")
    if (output.parent / "result.json").exists() and output.name in ("predictions.parquet", "validation.parquet"):
        raise ConfigError("the output belongs to a run", got=output, fix="name another file")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(output.parent, os.W_OK)
    except OSError as error:
        raise ConfigError(
            "the output cannot be written", got=f"{output}: {error.strerror}", fix="name another file"
        ) from error
    if not writable:
        raise ConfigError("the output cannot be written", got=output.parent, fix="name a folder that you may write to")
