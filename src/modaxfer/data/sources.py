"""Find a task's rows: its sources are tried in order, and what was really read is said."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from modaxfer.data.download import CONNECT_SECONDS, UnavailableError, fetch, offline, within
from modaxfer.data.layouts.folders import Tables, read_data
from modaxfer.data.origin import file_of, name_classes, path_of, stamp
from modaxfer.data.package_folders import folder_of
from modaxfer.data.streaming.kept import folder_path, streamed
from modaxfer.data.tables.gathering import EVERYTHING, Selection, drawn
from modaxfer.errors import DataError, MissingPackageError, PluginError
from modaxfer.registry import call_target, fault
from modaxfer.registry.known import missing_plugin
from modaxfer.source_specs import StreamSource
from modaxfer.spec import DownloadSource, FolderSource, HubSource, PackageSource, SampleSource, Source, TaskSpec

__all__ = ["Found", "find_rows"]

_SAMPLE_SEED = 0
"""The sample is one fixed set of rows, whatever the seed of the run."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Rows as read, and where from."""

    tables: Tables
    source: str
    """For people: ``folder PATH``, ``file PATH``, ``download URL``, ``hub ID@REVISION``, ``package NAME VERSION``,
    ``sample ...``."""
    root: Path | None
    """Folder that relative media paths are resolved against."""
    warnings: tuple[str, ...] = ()


def find_rows(spec: TaskSpec, data_dir: str | Path | None, selection: Selection = EVERYTHING) -> Found:
    """Read the rows of `spec` from its first source that has them.

    A source that is found but broken is an error: only one that is absent makes room for the next. Whatever was
    passed over is in the warnings, and a sample says loudly that it is one.

    Args:
        spec: Task whose sources are tried in order.
        data_dir: Folder that holds data sets by name; None means the environment variable ``MODAXFER_DATA``.
        selection: Part of the rows and columns; by default all.

    Raises:
        DataError: No source has the rows (names each and why), or the one that was found is malformed.
    """
    base = data_dir or os.environ.get("MODAXFER_DATA") or None
    passed: list[str] = []
    for source in spec.sources:
        if isinstance(source, SampleSource) and data_dir is not None and passed:
            raise DataError(
                f"--data-dir does not hold the rows of task {spec.name!r}", got="; ".join(passed),
                fix="put the data set there, or leave --data-dir out to try the task on a small made-up sample",
            )  # fmt: skip
        try:
            tables, text, root = _READERS[type(source)](source, Path(base).expanduser() if base else None, selection)
        except UnavailableError as error:
            passed.append(f"{_named(source)}: {error}")
            continue
        _require_tables(spec, source, tables)
        return Found(
            tables={split: _part(_stamped(table, f"{text} {split}"), selection) for split, table in tables.items()},
            source=text, root=root, warnings=_warnings(spec, source, text, base, passed) + _unused(spec, data_dir),
        )  # fmt: skip
    raise DataError(
        f"no source has the rows of task {spec.name!r}", got="; ".join(passed) or "no sources",
        fix="give the folder that holds the data set with --data-dir, or connect to a network",
    )  # fmt: skip


def _folder(source: FolderSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    path = folder_path(source, base)
    if not path.is_dir():
        return read_data(path, selection), f"file {path}", path.parent
    tables = _read(source, path, selection)
    return tables, f"folder {path}", path if source.reader else _root(path, tables)


def _stream(source: StreamSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    tables, text = streamed(source, base, selection.draw.rows if selection.draw else 0)
    if isinstance(source.of, HubSource):
        return tables, text, None
    path = folder_path(source.of, base)
    return tables, text, _root(path, tables) if path.is_dir() else path.parent


def _root(folder: Path, tables: Tables) -> Path:
    """Return the folder that all tables lie in, which may be one inside `folder`; of class folders, `folder` itself."""
    places = [Path(path_of(table)) for table in tables.values()]
    parents = {place.parent for place in places}
    return folder if len(parents) > 1 or any(place.is_dir() for place in places) else parents.pop()


def _download(source: DownloadSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    folder = fetch(source.files)
    return _read(source, folder, selection), f"download {next(iter(source.files.values())).url}", folder


def _hub(source: HubSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    if not offline():
        _require_hub(source)
    import datasets

    try:
        loaded = datasets.load_dataset(source.dataset, source.config, revision=source.revision)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{type(error).__name__}: {error}") from error
    tables = {split: _arrow(rows) for split, rows in loaded.items()}
    return tables, f"hub {source.dataset}@{source.revision}", None


def _arrow(rows: Any) -> Any:
    table = rows.with_format("arrow")[:]
    return name_classes(table.replace_schema_metadata(rows.features.arrow_schema.metadata))


def _require_hub(source: HubSource) -> None:
    """Ask for the data set with a short limit first: `load_dataset` itself would try for minutes."""
    from huggingface_hub import HfApi

    api = HfApi()
    ask = partial(api.dataset_info, source.dataset, revision=source.revision, timeout=CONNECT_SECONDS)
    within(CONNECT_SECONDS, ask)


def _package(source: PackageSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    try:
        found = version(source.distribution)
        root = folder_of(source.folder, source.distribution) if source.folder else None
        tables = call_target(source.target, kind="source") if source.target else None
    except MissingPackageError as error:
        raise UnavailableError(f"not installed; run `{error.install}`") from error
    except PackageNotFoundError as error:
        raise UnavailableError(_absent(source.distribution)) from error
    if tables is None:
        assert root is not None, "a source has a target, a folder or both"
        tables = _read(source, root, selection)
    return tables, f"package {source.distribution} {found}", root or _root_of_files(tables)


def _absent(distribution: str) -> str:
    """Return what to do about a distribution that a task names; a name that may be misspelt is nothing to install."""
    if known := missing_plugin(distribution, ()):
        return f"not installed; {known}"
    return (
        "no distribution of this name is installed; the name stands in the task's plugin, `PackageSource(distribution="
        f"{distribution!r})`: its documentation says what to install, and its author can correct it"
    )


def _root_of_files(tables: Any) -> Path | None:
    """Return the folder that media paths are relative to, where a package has read its tables from files it ships."""
    files = [path_of(table) for table in tables.values()] if isinstance(tables, Mapping) else []
    return _root(Path(os.path.commonpath(files)), tables) if files and all(files) else None


def _sample(source: SampleSource, base: Path | None, selection: Selection) -> tuple[Tables, str, Path | None]:
    tables = call_target(source.target, _SAMPLE_SEED, kind="source")
    return tables, f"sample made by {source.target} (seed {_SAMPLE_SEED})", None


_READERS: Mapping[type[Source], Callable[..., tuple[Tables, str, Path | None]]] = {
    FolderSource: _folder,
    DownloadSource: _download,
    HubSource: _hub,
    PackageSource: _package,
    SampleSource: _sample,
    StreamSource: _stream,
}


def _read(source: Source, folder: Path, selection: Selection) -> Tables:
    tables: Tables = (
        call_target(source.reader, folder, kind="reader") if source.reader else read_data(folder, selection)
    )
    return tables


def _require_tables(spec: TaskSpec, source: Source, tables: Any) -> None:
    import pyarrow as pa

    code = source.reader or getattr(source, "target", "")
    strange = (
        {name: type(table) for name, table in tables.items() if not isinstance(table, pa.Table)}
        if isinstance(tables, Mapping)
        else {}
    )
    if isinstance(tables, Mapping) and "train" in tables and not strange:
        return
    got: object = sorted(map(str, tables)) or "no split" if isinstance(tables, Mapping) else type(tables).__name__
    if strange:
        got = ", ".join(f"{name}: {kind.__module__}.{kind.__qualname__}" for name, kind in strange.items())
    what = f"brings no training split of task {spec.name!r}"
    if not code:
        raise PluginError(f"{_named(source)} {what}", got=got, allowed="train")
    what = f"brings what are no tables of task {spec.name!r}" if strange else what
    raise fault(code, what, got=got, allowed="{'train': pyarrow.Table, ...}", kind=_named(source))


def _stamped(table: Any, default: str) -> Any:
    # A table that no reader of ours has stamped may carry orders to decode media.
    return table if file_of(table) else stamp(table, file=default)


def _part(table: Any, selection: Selection) -> Any:
    # Sources that keep tables in memory know nothing of a selection; drawing again from what was drawn changes nothing.
    return drawn(table, selection.draw) if selection.draw else table


def _named(source: Source) -> str:
    if isinstance(source, StreamSource):
        return f"stream of {_named(source.of)}"
    kind = type(source).__name__.removesuffix("Source").lower()
    match source:
        case FolderSource():
            return f"{kind} {source.name}"
        case DownloadSource():
            return f"{kind} {next(iter(source.files.values())).url}"
        case HubSource():
            return f"{kind} {source.dataset}@{source.revision}"
        case PackageSource():
            return f"{kind} {source.distribution}"
        case _:
            return kind


def _unused(spec: TaskSpec, data_dir: str | Path | None) -> tuple[str, ...]:
    """Say so where a folder was named from which this task takes nothing."""
    if data_dir is None or any(isinstance(getattr(source, "of", source), FolderSource) for source in spec.sources):
        return ()
    return (f"task {spec.name!r} takes nothing from --data-dir {data_dir}: {_named(spec.sources[0])} brings its rows",)


def _warnings(spec: TaskSpec, source: Source, text: str, base: str | Path | None, passed: list[str]) -> tuple[str, ...]:
    reasons = "; ".join(passed)
    if isinstance(source, SampleSource):
        return (
            f"NOT REAL DATA: task {spec.name!r} runs on a small sample that was made up for trying things out; "
            f"its scores say nothing about the real task. No real source was there: {reasons or 'none is known'}. "
            "Give the folder with the real data with --data-dir.",
        )
    if base and passed:
        return (f"the rows come from {text}, because others were passed over: {reasons}",)
    return ()
