"""The sources that a request names, and the share of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modaxfer.errors import ConfigError
from modaxfer.pretraining.config import PretrainingConfig
from modaxfer.pretraining.labelled import Labelled, find_labelled
from modaxfer.pretraining.named_sources import find_source
from modaxfer.pretraining.pairs import Pairs, find_pairs
from modaxfer.pretraining.sources import Source
from modaxfer.spec import ObjectiveSpec

__all__ = ["source_facts", "weighted_sources"]


def weighted_sources(
    config: PretrainingConfig, objective: ObjectiveSpec
) -> tuple[tuple[Source, ...], tuple[float, ...]]:
    """Return the sources that `config` names, and the share of each, in all 1.

    Raises:
        ConfigError: Weights are no numbers or not said of all, or two tasks have one name.
        UnknownNameError: There is no such file, folder or task.
        RefusedError: Rows are not what the objective reads.
        DataError: Rows cannot be had.
    """
    asked = [_weighted(each) for each in config.data]
    sources = tuple(_found(name, config, objective) for name, _ in asked)
    _refuse_twins(sources)
    weights = [
        float(source.sizes.sum()) if weight is None else weight
        for source, (_, weight) in zip(sources, asked, strict=True)
    ]
    if any(weight is None for _, weight in asked) and any(weight is not None for _, weight in asked):
        raise ConfigError("either every --data has a weight or none", got=config.data, fix="write DATA=WEIGHT for all")
    return sources, tuple(weight / sum(weights) for weight in weights)


def source_facts(sources: Sequence[Source], weights: Sequence[float]) -> list[dict[str, Any]]:
    """Return what the record says of the rows."""
    return [
        {"name": _name(source), "kind": _kind(source), "rows": int(source.sizes.sum()), "share": round(weight, 6)}
        | ({"labels": source.told} if isinstance(source, Labelled) else {})
        for source, weight in zip(sources, weights, strict=True)
    ]


def _name(source: Source) -> str:
    """Return the name of a task, or of a file or folder without those it lies in."""
    path = Path(source.name)
    return path.name if path.exists() else source.name


def _kind(source: Source) -> str:
    return "image and text" if isinstance(source, Pairs) else source.kind


def _found(name: str, config: PretrainingConfig, objective: ObjectiveSpec) -> Source:
    if objective.labels:
        return find_labelled(name, config.text, config.label, config.data_dir, config.seed)
    if objective.beside:
        return find_pairs(name, config.image, config.text, config.data_dir)
    return find_source(name, config.text, config.data_dir)


def _refuse_twins(sources: Sequence[Source]) -> None:
    names = [source.task_id for source in sources if isinstance(source, Labelled)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(
            "two labelled --data have the same name, by which their heads are told apart", got=twice,
            fix="name it once, or rename a file",
        )  # fmt: skip


def _weighted(text: str) -> tuple[str, float | None]:
    name, equals, weight = text.rpartition("=")
    if not equals or Path(text).expanduser().exists():
        return text, None
    try:
        value = float(weight)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise ConfigError("a weight of --data is no positive number", got=text, fix="for example --data reviews.txt=2")
    return name, value
