"""Where vectors go: a parquet file by row groups, an array that is mapped from disk, or memory."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.errors import ConfigError
from modaxfer.escaping import csv_cell
from modaxfer.runner.features.question import rows_file

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.runner.features.stream import Block, Opened

__all__ = ["COLUMN", "feature_columns", "feature_schema", "gathered", "parquet_writer", "write_features"]

COLUMN = "feature_"
"""In front of a number, from 0: the column of that number of the vectors."""

Take = Callable[["Block"], None]


def gathered(opened: Opened) -> tuple[np.ndarray, list[str], list[str]]:
    """Return vectors of all rows in memory, float32 ``[rows, width]``, their ids and their splits."""
    vectors = np.empty((opened.rows, opened.width), np.float32)
    ids: list[str] = []
    splits: list[str] = []
    for block in opened.blocks():
        vectors[len(ids) : len(ids) + len(block.vectors)] = block.vectors
        ids += block.part.ids[block.rows]
        splits += [block.split] * len(block.vectors)
    return vectors, ids, splits


def write_features(opened: Opened, output: Path) -> None:
    """Write the vectors of all rows to `output` by its ending; the file appears whole, and memory holds one block.

    Raises:
        ConfigError: It cannot be written, for example because the disk is full.
    """
    try:
        with (_parquet if output.suffix.lower() == ".parquet" else _array)(opened, output) as take:
            for block in opened.blocks():
                take(block)
    except OSError as error:
        got = f"{output}: {error.strerror or error}"
        raise ConfigError("the features cannot be written", got=got, fix="name another file with --output") from error


@contextmanager
def _whole(*outputs: Path) -> Iterator[list[Path]]:
    """Yield temporary names for `outputs`, which appear when everything is written."""
    temporary = [output.with_name(f".{output.name}.tmp") for output in outputs]
    try:
        yield temporary
        for path, output in zip(temporary, outputs, strict=True):
            path.replace(output)
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)


def feature_schema(width: int, *, several: bool, told: bool) -> pa.Schema:
    """Return the columns of a parquet file of vectors.

    Args:
        width: Numbers per row.
        several: Whether rows are of several splits, so that a column says which.
        told: Whether a column says why a row has no numbers.
    """
    import pyarrow as pa

    texts = ["row_id", *(["split"] if several else [])]
    return pa.schema(
        [(name, pa.string()) for name in texts]
        + [(f"{COLUMN}{place}", pa.float32()) for place in range(width)]
        + ([("reason", pa.string())] if told else [])
    )


def feature_columns(vectors: np.ndarray) -> dict[str, pa.Array]:
    """Return the columns of `vectors`, float32 ``[rows, width]``, by name; NaN is an empty cell."""
    import pyarrow as pa

    return {f"{COLUMN}{place}": pa.array(one, pa.float32(), from_pandas=True) for place, one in enumerate(vectors.T)}


@contextmanager
def parquet_writer(output: Path, schema: pa.Schema) -> Iterator[Any]:
    """Yield a writer of tables; the file appears when everything is written."""
    import pyarrow.parquet as pq

    with _whole(output) as (path,), pq.ParquetWriter(path, schema) as writer:
        yield writer


@contextmanager
def _parquet(opened: Opened, output: Path) -> Iterator[Take]:
    import pyarrow as pa

    several, told = len(opened.asked.parts) > 1, any(part.reasons for part in opened.asked.parts.values())
    schema = feature_schema(opened.width, several=several, told=told)
    with parquet_writer(output, schema) as writer:

        def take(block: Block) -> None:
            rows = range(block.rows.start, block.rows.stop)
            beside = {
                "row_id": pa.array(block.part.ids[block.rows], pa.string()),
                "split": pa.array([block.split] * len(rows), pa.string()),
                "reason": pa.array([block.part.reasons.get(row) for row in rows], pa.string()),
            }
            writer.write_table(pa.table({**feature_columns(block.vectors), **beside}).select(schema.names).cast(schema))

        yield take


@contextmanager
def _array(opened: Opened, output: Path) -> Iterator[Take]:
    ids = rows_file(output)
    with ExitStack() as held:
        path, beside = held.enter_context(_whole(output, ids))
        shape = (opened.rows, opened.width)
        vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        file = held.enter_context(beside.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row_id", "split", "reason"])
        done = 0

        def take(block: Block) -> None:
            nonlocal done
            vectors[done : done + len(block.vectors)] = block.vectors
            done += len(block.vectors)
            for row in range(block.rows.start, block.rows.stop):
                cells = (block.part.ids[row], block.split, block.part.reasons.get(row, ""))
                writer.writerow([csv_cell(cell) for cell in cells])

        yield take
        vectors.flush()
