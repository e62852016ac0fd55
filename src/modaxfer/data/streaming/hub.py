"""Data sets of the Hugging Face hub, batch by batch: nothing of them is written to the disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.data.download import CONNECT_SECONDS, UnavailableError, offline, within
from modaxfer.data.layouts.layout import settled, split_of
from modaxfer.data.origin import name_classes, stamp
from modaxfer.data.tables.gathering import gathered
from modaxfer.errors import DataError
from modaxfer.source_specs import HubSource
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.data.tables.gathering import Selection

__all__ = ["commit_of", "hub_data", "read_hub"]

_ID = re.compile(r"(?P<dataset>[\w.-]+/[\w.-]+)(?::(?P<config>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?")
"""``owner/name``, ``owner/name:config``, ``owner/name@revision``."""

_BATCH, _MEDIA_BATCH = 8192, 256
"""Rows that are in memory together before some of them are drawn; fewer of encoded files."""


def hub_data(asked: str) -> HubSource | None:
    """Return the data set that `asked` names on the hub, ``owner/name[:config][@revision]``; None for a path.

    What stands on this disk is a path, however it is called.
    """
    found = _ID.fullmatch(asked)
    if found is None or asked.startswith(".") or Path(asked).exists():
        return None
    return HubSource(dataset=found["dataset"], config=found["config"], revision=found["revision"] or "main")


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
    return {
        split: _read(f"{source.dataset} {split}", opened[named[split]], selection, notes if split == "train" else ())
        for split in SPLITS
        if split in named
    }


def _read(name: str, rows: Any, selection: Selection, notes: tuple[str, ...]) -> pa.Table:
    from datasets.table import embed_table_storage

    rows = rows if rows.features else rows._resolve_features()
    wanted = selection.columns
    if wanted is not None and wanted <= set(rows.features):
        rows = rows.select_columns([name for name in rows.features if name in wanted])
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
