"""Folders of data: one file per split, or one folder per class with images or sounds in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.data.files import EXTENSIONS, extension, read_table
from modaxfer.data.origin import stamp
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AUDIO_SUFFIXES", "IMAGE_SUFFIXES", "SPLITS", "Tables", "read_data"]

Tables = Mapping[str, pa.Table]
"""Split name to rows."""

SPLITS = ("train", "validation", "test")
"""Every split there is, in the order in which reports show them."""

IMAGE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
AUDIO_SUFFIXES = (".aif", ".aiff", ".flac", ".mp3", ".ogg", ".opus", ".wav")

_ALIASES = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation",
            "dev": "validation", "test": "test"}  # fmt: skip
_SYSTEM_FILES = ("thumbs.db", "desktop.ini")
_LAYOUTS = (
    f"files named train, validation, test ({', '.join(EXTENSIONS)})",
    "one folder per class with images or sounds",
)


def read_data(path: Path) -> Tables:
    """Read a file, a folder of split files or a folder of class folders.

    A single file is one split, ``train``. ``val``, ``valid`` and ``dev`` mean ``validation``. Class folders may stand
    directly in `path` or below ``train``, ``validation`` and ``test``; their rows have the columns ``image`` or
    ``audio`` (the file's path below `path`) and ``label`` (the class folder's name).

    Raises:
        DataError: Nothing is there, it is none of these, a split is given twice, or there is no training split.
    """
    if path.is_file() or not path.exists():
        return {"train": read_table(path)}
    tables = _split_files(path) or _class_folders(path)
    if not tables:
        found = sorted(entry.name for entry in path.iterdir())[:10]
        raise DataError("no data in this folder", file=path, got=found or "an empty folder", allowed=_LAYOUTS)
    if "train" not in tables:
        raise DataError(
            "no training split", file=path, got=list(tables), allowed=SPLITS, fix="add a file or folder train"
        )
    return {split: tables[split] for split in SPLITS if split in tables}


def _split_files(folder: Path) -> dict[str, pa.Table]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        split = _ALIASES.get(path.name.split(".", 1)[0].lower())
        if split is None or not path.is_file() or not _is_data(path):
            continue
        if split in found:
            what = f"two files for the split {split}"
            raise DataError(what, file=folder, got=(found[split].name, path.name), fix="keep one of them")
        found[split] = path
    return {split: read_table(path) for split, path in found.items()}


def _is_data(path: Path) -> bool:
    try:
        return bool(extension(path))
    except DataError:
        return False


def _class_folders(root: Path) -> dict[str, pa.Table]:
    below = {_ALIASES[path.name.lower()]: path for path in _folders(root) if path.name.lower() in _ALIASES}
    if below and len(below) == len(_folders(root)):
        return {split: _classes(root, path) for split, path in below.items()}
    return {"train": _classes(root, root)} if any(_media(folder)[0] for folder in _folders(root)) else {}


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _classes(root: Path, folder: Path) -> pa.Table:
    paths, labels, others = [], [], []
    for class_folder in _folders(folder):
        media, rest = _media(class_folder)
        paths += media
        labels += [class_folder.name] * len(media)
        others += rest
    if not paths:
        raise DataError(
            "no class folders with images or sounds", file=folder, fix="put each class in a folder of its own"
        )
    names = [path.relative_to(root).as_posix() for path in paths]
    notes: tuple[str, ...] = ()
    if others:
        notes = (f"{folder}: files left out, neither image nor sound: {len(others)}, e.g. {others[0].name}",)
    return stamp(pa.table({_kind(folder, paths): names, "label": labels}), file=str(folder), notes=notes)


def _media(folder: Path) -> tuple[list[Path], list[Path]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _hidden(path)]
    media = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES + AUDIO_SUFFIXES]
    return media, [path for path in files if path not in set(media)]


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _SYSTEM_FILES


def _kind(folder: Path, paths: list[Path]) -> str:
    kinds = {"image" if path.suffix.lower() in IMAGE_SUFFIXES else "audio" for path in paths}
    if len(kinds) > 1:
        raise DataError("images and sounds in one set of class folders", file=folder, fix="keep one kind")
    return kinds.pop()
