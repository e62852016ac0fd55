"""Where the rows of a task come from, as plain data; plugins import them from `modaxfer.spec`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "DownloadSource",
    "FolderSource",
    "HubSource",
    "PackageSource",
    "RemoteFile",
    "SampleSource",
    "Source",
    "StreamSource",
]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where rows may come from; a task lists its sources in the order in which they are tried."""

    reader: str = ""
    """``"module:function"`` that turns the folder (`pathlib.Path`) with the source's files into
    ``{split: pyarrow.Table}``; empty = the default reader."""


@dataclass(frozen=True, kw_only=True)
class FolderSource(Source):
    """A folder `name` below ``--data-dir`` or ``MODAXFER_DATA`` with one file per split."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """One file to download, checked by its SHA-256."""

    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DownloadSource(Source):
    """Files fetched once into the user's cache; keys of `files` are the names they are stored under."""

    files: Mapping[str, RemoteFile]


@dataclass(frozen=True, kw_only=True)
class HubSource(Source):
    """A data set on the Hugging Face hub, at a fixed revision."""

    dataset: str
    revision: str = "main"
    config: str | None = None


@dataclass(frozen=True, kw_only=True)
class PackageSource(Source):
    """Data that an installed distribution ships: a folder in one of its packages, or what `target` returns, or both."""

    distribution: str
    target: str = ""
    """``target()`` returns ``{split: pyarrow.Table}``; empty = the folder's files are read, as ``--data`` reads
    a folder or as `reader` does."""
    folder: str = ""
    """``package/folder``, such as ``modaxfer_weather/storms``: paths of pictures and sounds are relative to it and may
    not leave it. Empty = the rows bring no files."""

    def __post_init__(self) -> None:
        if not (self.target or self.folder):
            raise ValueError(f"package source {self.distribution!r}: set folder, or target, or both")


@dataclass(frozen=True, kw_only=True)
class SampleSource(Source):
    """A small sample that the project makes itself; the last resort, and said loudly.

    `target(seed)` returns ``{split: pyarrow.Table}``.
    """

    target: str


@dataclass(frozen=True, kw_only=True)
class StreamSource(Source):
    """Rows of a source that are too many to copy: they pass by once, and a random part of them is kept."""

    of: FolderSource | HubSource
    """Where they come from."""
    rows: int
    """So many are kept of every split, and for each of the seeds."""
    seed: int = 0
    seeds: int = 1
    """Seeds from `seed` on that rows are drawn by."""
    label: str | None = None
    """Column of the classes, of each of which some rows are kept."""
    group: tuple[str, ...] = ()
    """Columns whose equal values belong together: whole groups are kept."""
    columns: tuple[str, ...] = ()
    """Columns that are kept; empty = all."""
