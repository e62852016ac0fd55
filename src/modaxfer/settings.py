"""The settings of a run as keywords of a function, with the types that people write: what an editor completes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, get_type_hints

from modaxfer.config import RunConfig, read_yaml, refuse_code_by_file

__all__ = ["Settings", "plain_values", "read_values", "signature_of"]


class Settings(TypedDict, total=False):
    """One key per field of `modaxfer.RunConfig`, which says what each means."""

    encoder: str | Path | Sequence[str | Path]
    strategy: str
    task: str | Sequence[str]
    source_task: str | Sequence[str] | None
    map_classes: str | Path | None
    unlabelled: str | None
    data: Any
    stream: bool
    text: str | Sequence[str]
    image: str | Sequence[str]
    audio: str | Sequence[str]
    number: str | Sequence[str]
    ignore: str | Sequence[str]
    label: str | Sequence[str] | None
    group: str | Sequence[str] | None
    problem: str | None
    data_dir: str | Path | None
    on_bad_row: Literal["drop", "fail"]
    bridge: str | None
    checkpoint: str | Path | None
    weights: Literal["pretrained", "random"]
    revision: str | None
    teacher: str | Path | None
    private: float | None
    epochs: float | None
    batch_size: int
    learning_rate: float | None
    tune: int | None
    tune_over: str | Sequence[str]
    seed: int
    seeds: int
    baseline: Literal["scratch", "labelled"] | Sequence[Literal["scratch", "labelled"]]
    folds: int | None
    fold: int | None
    shots: int | None
    episodes: int
    episode: int | None
    metric: str | Sequence[str]
    threshold: float | str
    cost: str | Path | None
    group_by: str | None
    augment: str | Sequence[str]
    limit: int | None
    test_limit: int | None
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    device: Literal["auto", "cpu", "cuda", "mps"]
    num_processes: int
    output: str | Path | None
    standalone: bool
    track: str | Sequence[str]
    trust_remote_code: bool
    bound: Literal["", "source-only", "oracle", "labelled"]
    recommended: str | None
    set: Mapping[str, Any]


def signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of `function` with a keyword for every setting: notebooks complete what stands there."""
    hints, own = get_type_hints(Settings), inspect.signature(function)
    settings = [
        inspect.Parameter(
            item.name, inspect.Parameter.KEYWORD_ONLY, default=_default(item), annotation=hints[item.name]
        )
        for item in dataclasses.fields(RunConfig)
    ]
    fixed = [parameter for parameter in own.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    return own.replace(parameters=[*fixed, *settings])


def _default(item: dataclasses.Field[Any]) -> Any:
    return {} if item.default is dataclasses.MISSING else item.default


def read_values(config: Mapping[str, Any] | str | Path | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a mapping or a YAML file; what a file says of code counts only beside the flag."""
    if not isinstance(config, str | Path):
        return dict(config or {})
    values = read_yaml(Path(config))
    asked = settings.get("trust_remote_code") is not None
    refuse_code_by_file(values.get("trust_remote_code"), config, asked=asked)
    return values


def plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as YAML could hold them: paths as text, rows in memory as the file that keeps them."""
    if not isinstance(values.get("data"), str | Path | None):
        from modaxfer.runner.request.kept import keep_rows

        values = keep_rows(plain_values({**values, "data": None}) | {"data": values["data"]})
    return {key: _text(value) for key, value in values.items()}


def _text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_text(item) for item in value)
    return str(value) if isinstance(value, Path) else value
