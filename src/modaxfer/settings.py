"""The settings of a run as keywords of a function, with the types that people write: what an editor completes."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, get_type_hints

from modaxfer.config import RunConfig

__all__ = ["Settings", "signature_of"]


class Settings(TypedDict, total=False):
    """One key per field of `modaxfer.RunConfig`, which says what each means."""

    encoder: str | Path | Sequence[str | Path]
    strategy: str
    task: str | Sequence[str]
    source_task: str | None
    map_classes: str | Path | None
    data: Any
    text: str | Sequence[str]
    image: str | Sequence[str]
    audio: str | Sequence[str]
    number: str | Sequence[str]
    label: str | Sequence[str] | None
    problem: str | None
    data_dir: str | Path | None
    on_bad_row: Literal["drop", "fail"]
    bridge: str | None
    checkpoint: str | Path | None
    weights: Literal["pretrained", "random"]
    revision: str | None
    epochs: float | None
    batch_size: int
    learning_rate: float | None
    seed: int
    seeds: int
    baseline: Literal["scratch"] | Sequence[Literal["scratch"]]
    folds: int | None
    fold: int | None
    shots: int | None
    episodes: int
    episode: int | None
    augment: str | Sequence[str]
    limit: int | None
    precision: Literal["auto", "fp32", "bf16", "fp16"]
    device: Literal["auto", "cpu", "cuda", "mps"]
    num_processes: int
    output: str | Path | None
    standalone: bool
    trust_remote_code: bool
    bound: Literal["", "source-only", "oracle"]
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
