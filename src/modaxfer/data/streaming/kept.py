"""The rows of a stream that are kept: found again as long as the source is what it was, else drawn anew."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from modaxfer.data.download import UnavailableError, cache_folder
from modaxfer.data.layouts.folders import Tables, read_data
from modaxfer.data.origin import noted, total_of
from modaxfer.data.streaming.hub import commit_of, read_hub
from modaxfer.data.streaming.state import digest_of, files_state
from modaxfer.data.streaming.watched import passing
from modaxfer.data.tables.draws import Draw
from modaxfer.data.tables.gathering import Selection
from modaxfer.errors import DataError
from modaxfer.source_specs import FolderSource, HubSource, StreamSource
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["STREAMS", "draw_of", "folder_path", "streamed"]

STREAMS = "streams"
"""Folder of the cache: ``REQUEST/STATE/ROWS-SEED-SEEDS/SPLIT.parquet``."""

_KEPT = re.compile(r"(\d+)-(\d+)-(\d+)")
_FORMAT = 1
"""Changes where the same request would keep other rows."""

Read = Callable[[Selection], Tables]


def draw_of(source: StreamSource, seed: int) -> Draw:
    """Return what is drawn from the kept rows of `source` with one of its seeds."""
    return Draw(rows=source.rows, seed=seed, label=source.label, group=source.group)


def streamed(source: StreamSource, base: Path | None, rows: int = 0) -> tuple[Tables, str]:
    """Return the rows that are kept of each split, and where they come from.

    They are read from the cache where the source is what it was when they were drawn, or is a data set of the hub that
    cannot be asked. What is kept may be more than is asked for: a smaller draw is part of it.

    Args:
        source: What is drawn, and of what.
        base: Folder that relative folders are below.
        rows: Rows that are needed, where these are more than `source` says.

    Raises:
        UnavailableError: The source is not there, and nothing of it is kept.
        DataError: It cannot be read as a stream, or the cache cannot be written.
    """
    asked = replace(source, rows=max(source.rows, rows))
    if isinstance(asked.of, HubSource):
        return _of_hub(asked, asked.of)
    path = folder_path(asked.of, base)
    folder = _place(asked, str(path)) / files_state(path)
    tables = _found(folder, asked) or _drawn(folder, asked, lambda selection: read_data(path, selection))
    return tables, f"{'folder' if path.is_dir() else 'file'} {path}"


def folder_path(source: FolderSource, base: Path | None) -> Path:
    """Return where the folder or file of `source` is.

    Raises:
        UnavailableError: It is not there.
    """
    if base is None and not Path(source.name).is_absolute():
        raise UnavailableError("neither --data-dir nor MODAXFER_DATA is given")
    path = (base or Path()) / source.name
    if not path.exists():
        raise UnavailableError(f"{path} does not exist")
    return path


def _of_hub(asked: StreamSource, hub: HubSource) -> tuple[Tables, str]:
    place = _place(asked, "hub")
    try:
        commit = commit_of(hub)
    except UnavailableError as error:
        states = sorted(place.glob("*"), key=lambda state: state.stat().st_mtime, reverse=True)
        for state in states:
            if tables := _found(state, asked):
                note = f"the hub could not be asked ({error}): the rows are those kept of commit {state.name}"
                return _with_note(tables, note), f"hub {hub.dataset}@{state.name}"
        raise UnavailableError(f"{error}, and no rows of it are kept in {cache_folder() / STREAMS}") from error
    pinned = replace(hub, revision=commit)
    tables = _found(place / commit, asked) or _drawn(
        place / commit, asked, lambda selection: read_hub(pinned, selection)
    )
    return tables, f"hub {hub.dataset}@{commit}"


def _place(asked: StreamSource, where: str) -> Path:
    known = {**asdict(asked.of), "where": where, "label": asked.label, "group": asked.group, "columns": asked.columns}
    return cache_folder() / STREAMS / digest_of(_FORMAT, known)


def _found(folder: Path, asked: StreamSource) -> Tables | None:
    """Return rows that are kept in `folder` and hold what is asked for; None where there are none."""
    held = []
    for kept in folder.iterdir() if folder.is_dir() else ():
        if match := _KEPT.fullmatch(kept.name):
            rows, seed, seeds = map(int, match.groups())
            if rows >= asked.rows and seed <= asked.seed and asked.seed + asked.seeds <= seed + seeds:
                held.append((rows * seeds, kept))
    return _loaded(min(held)[1]) if held else None


def _loaded(folder: Path) -> Tables:
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = {split: path for split in SPLITS if (path := folder / f"{split}.parquet").is_file()}
    try:
        return {split: pq.ParquetFile(path).read() for split, path in paths.items()}
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            "rows that were kept of a stream are damaged", file=folder, got=error,
            fix="delete that folder: the next run reads the stream anew",
        ) from None  # fmt: skip


def _drawn(folder: Path, asked: StreamSource, read: Read) -> Tables:
    """Let the rows pass by, and keep what is drawn of them."""
    scratch = _scratch(folder)
    draw = replace(draw_of(asked, asked.seed), seeds=asked.seeds)
    name = asked.of.dataset if isinstance(asked.of, HubSource) else Path(asked.of.name).name
    columns = frozenset(asked.columns) if asked.columns else None
    selection = Selection(columns=columns, draw=draw, passed=passing(f"reading {name} as a stream"))
    try:
        tables = {split: noted(table, _said(split, table, draw)) for split, table in read(selection).items()}
        _write(tables, scratch, {"of": asdict(asked), "rows": {split: total_of(tables[split]) for split in tables}})
        # Another run may have been as fast; its rows are the same.
        with suppress(OSError):
            scratch.rename(folder / f"{asked.rows}-{asked.seed}-{asked.seeds}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tables


def _scratch(folder: Path) -> Path:
    """Make the folder that is written into, before hours are spent on what could not be kept."""
    scratch = folder / f".{uuid.uuid4().hex}"
    try:
        scratch.mkdir(parents=True)
    except OSError as error:
        raise DataError(
            "the rows of a stream cannot be kept", file=scratch, got=error.strerror,
            fix="name another folder for them with MODAXFER_CACHE",
        ) from None  # fmt: skip
    return scratch


def _write(tables: Tables, folder: Path, told: Mapping[str, object]) -> None:
    import pyarrow.parquet as pq

    for split, table in tables.items():
        pq.write_table(table, folder / f"{split}.parquet", compression="zstd")
    (folder / "stream.json").write_text(json.dumps(told, indent=1), encoding="utf-8")


def _said(split: str, table: pa.Table, draw: Draw) -> str:
    total, kept = total_of(table), table.num_rows
    if kept == total:
        return f"{split} was read as a stream: all of its {total:,} rows are kept"
    seeds = f"seed {draw.seed}" if draw.seeds == 1 else f"seeds {draw.seed} to {draw.seed + draw.seeds - 1}"
    rule = "at random"
    if draw.group:
        rule = f"whole groups of {' and '.join(draw.group)} at random"
    elif draw.label is not None:
        rule = f"at random, and {draw.least} of each {draw.label} at least"
    return f"{split} was read as a stream: {total:,} rows went by, {kept:,} are kept, {rule}, by {seeds}"


def _with_note(tables: Tables, note: str) -> Tables:
    return {split: noted(table, note) if split == "train" else table for split, table in tables.items()}
