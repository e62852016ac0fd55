"""Tasks of small parquet files, written on the spot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from modaxfer.contracts import TaskData
from modaxfer.spec import TEXT, Field, FolderSource, Target, TaskSpec

__all__ = ["TEXT_FIELD", "column", "spec", "store", "texts"]

TEXT_FIELD = (Field(name="text", signal=TEXT),)


def spec(fields: tuple[Field, ...] = TEXT_FIELD, target: Target | None = None, **options: Any) -> TaskSpec:
    """Return the task ``mine``, whose rows lie in a folder of this name."""
    return TaskSpec(
        name="mine", fields=fields, target=target or Target(), sources=(FolderSource(name="mine"),), **options
    )


def store(folder: Path, **splits: Mapping[str, Sequence[Any]]) -> Path:
    """Write each split as a parquet file and return the folder to give as `data_dir`."""
    own = folder / "mine"
    own.mkdir(exist_ok=True, parents=True)
    for split, columns in splits.items():
        pq.write_table(pa.table(columns), own / f"{split}.parquet")
    return folder


def texts(count: int, start: int = 0, classes: Sequence[str] = ("a", "b")) -> dict[str, list[str]]:
    """Return `count` texts, all different, numbered from `start`, and their classes in turn."""
    numbers = range(start, start + count)
    return {"text": [f"text {n}" for n in numbers], "label": [classes[n % len(classes)] for n in numbers]}


def column(data: TaskData, split: str, name: str = "text") -> list[Any]:
    """Return the values of a column of `split`."""
    return list(data.splits[split][name])
