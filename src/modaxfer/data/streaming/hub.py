"""Data sets of the Hugging Face hub, batch by batch: nothing of them is written to the disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.data.download import CONNECT_SECONDS, UnavailableError, offline, within
from modaxfer.data.layouts.layout import settled, split_of
from modaxfer.data.origin import name_classes, stamp
from modaxfer.data.tables.gathering import gathered
from modaxfer.errors import DataError
from modaxfer.source_specs import HubSource
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.data.tables.gathering import Columns, Selection

__all__ = ["Part", "commit_of", "hub_data", "hub_name", "hub_parts", "read_hub"]

Part = Callable[[int], "Iterator[pa.Table]"]
"""Yields rows in blocks, with their numbers from 1, behind the first so many."""

_ID = re.compile(r"(?P<dataset>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?")
"""``owner/name``, ``owner/name:config``, ``owner/name@revision``."""

_BATCH, _MEDIA_BATCH = 2048, 256
"""Rows that are in memory together; fewer of encoded files."""


def hub_data(asked: str) -> HubSource | None:
    """Return the data set that `asked` names on the hub, ``owner/name[:config][@revision]``; None for a path.

    What stands on this disk is a path, however it is called.
    """
    found = _ID.fullmatch(asked)
    if found is None or asked.startswith(".") or Path(asked).exists():
        return None
    return HubSource(dataset=found["dataset"], config=found["config"], revision=found["revision"] or "main")


def hub_name(source: HubSource) -> str:
    """Return what messages call `source`."""
    return f"hub {source.dataset}{f':{source.config}' if source.config else ''}@{source.revision}"


def commit_of(source: HubSource) -> str:
    """Return the commit that the revision of `source` is now.

    Raises:
        UnavailableError: The network is forbidden, gives no answer in time, or there is no such data set.
    """
    if offline():
        raise UnavailableError("HF_HUB_OFFLINE forbids the network")
    from huggingface_hub import HfApi

    ask = partial(HfApi().dataset_info, source.dataset, revision=source.revision, timeout=CONNECT_SECONDS)
    return str(getattr(within(CONNECT_SECONDS, ask), "sha", None) or source.revision)


def read_hub(source: HubSource, selection: Selection) -> dict[str, pa.Table]:
    """Return the rows of each split that `selection` wants; `datasets` reads the others and forgets them.

    ``val``, ``dev`` and the like mean ``validation``; what is named for no split is left out, and that is noted.
    Encoded files that the data set names but does not hold are fetched for the rows that are kept.

    Raises:
        UnavailableError: It cannot be opened.
        DataError: It has no training split.
    """
    opened, notes = _opened(source)
    return {
        split: _read(f"{source.dataset} {split}", rows, selection, notes if split == "train" else ())
        for split, rows in opened.items()
    }


def hub_parts(source: HubSource, columns: Columns) -> tuple[dict[str, list[Part]], tuple[str, ...]]:
    """Return the parts of each split, mostly a file each, that can be read one by one, and notes.

    A part yields its rows in blocks, without the first ones that it is told to leave out; encoded files that the data
    set names but does not hold are fetched block by block.

    Args:
        source: The data set, at a commit.
        columns: Those that are read.

    Raises:
        UnavailableError: It cannot be opened.
        DataError: It has no training split.
    """
    opened, notes = _opened(source)
    return {split: _parts(f"{source.dataset} {split}", rows, columns) for split, rows in opened.items()}, notes


def _opened(source: HubSource) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the stream of each split, and notes."""
    import datasets

    try:
        opened = datasets.load_dataset(source.dataset, source.config, revision=source.revision, streaming=True)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{type(error).__name__}: {error}") from error
    meant = settled(map(split_of, opened))
    named = {meant[split]: name for name in opened if (split := split_of(name)) in meant}
    if "train" not in named:
        raise DataError("no training split", file=source.dataset, got=list(opened), allowed=SPLITS, fix="name another")
    left = sorted(set(opened) - set(named.values()))
    notes = (f"{source.dataset}: splits left out: {', '.join(left)}",) if left else ()
    return {split: opened[named[split]] for split in SPLITS if split in named}, notes


def _parts(name: str, rows: Any, columns: Columns) -> list[Part]:
    rows = _with_features(rows)
    rows = _selected(rows, columns.among(rows.features))
    if rows.num_shards == 1:
        return [partial(_part, name, rows)]
    return [
        partial(_part, name, rows.shard(num_shards=rows.num_shards, index=index)) for index in range(rows.num_shards)
    ]


def _part(name: str, rows: Any, skip: int) -> Iterator[pa.Table]:
    import pyarrow as pa
    from datasets.table import embed_table_storage

    schema, passed = rows.features.arrow_schema, 0
    try:
        for batch in _batches(rows, schema):
            start, passed = passed, passed + batch.num_rows
            if passed > skip:
                kept = pa.Table.from_batches([batch.slice(max(skip - start, 0))])
                table = embed_table_storage(kept.replace_schema_metadata(schema.metadata))
                yield stamp(name_classes(table), file=name, numbers=np.arange(max(skip, start) + 1, passed + 1))
    except Exception as error:  # Which one is another with each client of the hub; damaged files are among them.
        raise DataError(
            "the data set cannot be read further", file=name, got=f"{type(error).__name__}: {error}",
            fix="where the network was away, the same command again goes on from there",
        ) from error  # fmt: skip


def _selected(rows: Any, columns: frozenset[str] | None) -> Any:
    if columns is None:
        return rows
    return rows.select_columns([name for name in rows.features if name in columns])


def _with_features(rows: Any) -> Any:
    return rows if rows.features else rows._resolve_features()


def _read(name: str, rows: Any, selection: Selection, notes: tuple[str, ...]) -> pa.Table:
    from datasets.table import embed_table_storage

    rows = _with_features(rows)
    wanted = selection.columns
    rows = _selected(rows, wanted if wanted is not None and wanted <= set(rows.features) else None)
    schema = rows.features.arrow_schema
    found = gathered(name, schema.remove_metadata(), _batches(rows, schema), selection)
    table = embed_table_storage(found.table.replace_schema_metadata(schema.metadata))
    return stamp(name_classes(table), file=name, notes=notes, numbers=found.numbers, total=found.total)


def _batches(rows: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    size = _MEDIA_BATCH if any(_is_encoded(feature) for feature in rows.features.values()) else _BATCH
    for table in rows.with_format("arrow").iter(batch_size=size):
        yield from table.select(schema.names).cast(schema).replace_schema_metadata(None).to_batches()


def _is_encoded(feature: Any) -> bool:
    return hasattr(feature, "embed_storage") and not isinstance(feature, Mapping)
