"""Training rows that were in memory: a copy on disk, so that the run can be repeated, evaluated and resumed."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.config import RunConfig, build, read_yaml
from modaxfer.data.blanks import is_missing
from modaxfer.data.cells.columns import MEDIA, require_columns
from modaxfer.data.download import cache_folder
from modaxfer.data.given import Given, given_rows
from modaxfer.data.media.values import encoded
from modaxfer.data.origin import mixed_of, notes_of, stamp
from modaxfer.errors import GIVEN, ConfigError, DataError
from modaxfer.runner.folder import CONFIG, store_config
from modaxfer.spec import AUDIO, IMAGE, SPLITS, TABLE, TEXT, Field

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["bring_home", "keep_rows"]

STORE, NAME = "given", "data"
"""Folder inside the cache, and the name of the file or folder of one data set there: what a run's task is called by."""


def keep_rows(values: Mapping[str, Any], store: Path | None = None) -> dict[str, Any]:
    """Write rows in memory to a file that is called by their content, and name it instead.

    Args:
        values: Settings of a run; ``data`` holds rows as `modaxfer.data.given.given_rows` takes them, or a mapping of
            ``train``, ``validation`` and ``test`` to such rows. Images and sounds that are named by their path are
            copied.
        store: Folder to write into; None = the cache, from where the run brings them home.

    Returns:
        The settings with the file's name as ``data``. What was assumed or left out is noted in it, and so in the
        warnings of the run.

    Raises:
        DataError: They are no rows, or a column cannot be kept.
    """
    # Of a grid, or of candidates, there are several of these: none says what the rows are.
    known = {item.name for item in fields_of(RunConfig)} - {"data", "encoder", "strategy", "task"}
    config = build(RunConfig, {name: value for name, value in values.items() if name in known})
    inputs = _inputs(config)
    splits = _splits(values["data"])
    labels = config.label or ("label",)
    given = {split: given_rows(rows, inputs, labels) for split, rows in splits.items()}
    for split, rows in given.items():
        if not (config.label or set(labels) <= set(rows.table.column_names)):
            raise DataError("which column is the label?", allowed=rows.table.column_names, fix="name it with label=")
        require_columns(rows.table, labels, f"label column (of {split})" if split else "label column")
    tables = {split: _embedded(rows, inputs, split) for split, rows in given.items()}
    return {**values, "data": str(_stored(tables, store or cache_folder().absolute() / STORE))}


def bring_home(folder: Path) -> None:
    """Copy the kept rows of the run in `folder` into it, and let its configs name the copy: the run is complete."""
    config = build(RunConfig, read_yaml(folder / CONFIG))
    source = Path(config.data or "")
    if config.data is None or not source.is_relative_to(cache_folder().absolute() / STORE):
        return
    home = folder.resolve() / NAME / source.name if source.is_file() else folder.resolve() / NAME
    if (folder / NAME).exists():
        return  # Somebody's own: the copy that the config names stays the one in the cache.
    scratch = folder / f".{NAME}.tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    if source.is_file():
        scratch.mkdir(parents=True)
        shutil.copyfile(source, scratch / source.name)
    else:
        shutil.copytree(source, scratch)
    scratch.rename(folder / NAME)
    for path in folder.rglob(CONFIG):
        own = build(RunConfig, read_yaml(path))
        if own.data == config.data:
            store_config(replace(own, data=str(home)), path.parent)


def _inputs(config: RunConfig) -> tuple[Field, ...]:
    named = ((config.text, TEXT), (config.image, IMAGE), (config.audio, AUDIO), (config.number, TABLE))
    return tuple(Field(name=name, signal=signal) for names, signal in named for name in names)


def _splits(data: Any) -> dict[str, Any]:
    """Return the rows by split; those of a data set that is not divided have no name."""
    aliases = {"val": "validation", "valid": "validation", "dev": "validation"}
    if not isinstance(data, Mapping) or "train" not in data:
        return {"": data}
    named = {aliases.get(str(name), str(name)): rows for name, rows in data.items()}
    if not set(named) <= set(SPLITS):
        return {"": data}
    if len(named) < len(data):
        raise ConfigError("two sets of rows for one split", got=list(data), allowed=SPLITS, fix="leave one out")
    return named


def _embedded(given: Given, inputs: Sequence[Field], split: str) -> pa.Table:
    """Return the table with its images and sounds inside: a copy that needs no other file."""
    import pyarrow as pa

    table = given.table
    for field in inputs:
        if field.signal.kind not in MEDIA or field.name not in table.column_names:
            continue
        values = [_content(value, given.root) for value in table.column(field.name).to_pylist()]
        column = pa.array(values, pa.struct([("bytes", pa.large_binary()), ("path", pa.string())]))
        table = table.set_column(table.column_names.index(field.name), field.name, column)
    faults = [f"row {row + 1}: {reason}" for row, reason in sorted(given.faults.items())]
    notes = (*notes_of(table), *given.notes, *faults)
    called = f"{split} of {GIVEN}" if split else GIVEN
    return stamp(table, file="", called=called, notes=notes, mixed=mixed_of(given.table))


def _content(value: Any, root: Path | None) -> Any:
    if is_missing(value) or (isinstance(value, Mapping) and value.get("bytes")):
        return value
    name = value.get("path") if isinstance(value, Mapping) else value
    try:
        with encoded(value, root).open() as stream:
            return {"bytes": stream.read(), "path": name if isinstance(name, str) and len(name) < 4096 else None}
    except DataError:
        # The loader drops the row and says why: there is no such file below the copy either.
        return {"bytes": None, "path": str(name).lstrip("/")}


def _stored(tables: Mapping[str, pa.Table], store: Path) -> Path:
    import pyarrow.parquet as pq

    store.mkdir(parents=True, exist_ok=True)
    scratch = store / f".{uuid.uuid4().hex}"
    scratch.mkdir()
    try:
        digest = hashlib.sha256()
        for split, table in tables.items():
            path = scratch / NAME / f"{split}.parquet" if split else scratch / f"{NAME}.parquet"
            path.parent.mkdir(exist_ok=True)
            pq.write_table(table, path)
            with path.open("rb") as file:
                digest.update(split.encode() + hashlib.file_digest(file, "sha256").digest())
        folder = store / digest.hexdigest()[:16]
        if not folder.exists():
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder / NAME if "" not in tables else folder / f"{NAME}.parquet"
