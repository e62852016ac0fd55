"""Folders of data: one file per split, or one folder per class with images or sounds in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.data.class_folders import read_class_folders
from modaxfer.data.files import EXTENSIONS, extension, read_table
from modaxfer.data.layout import SPLITS
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SPLITS", "Tables", "read_data"]

Tables = Mapping[str, pa.Table]
"""Split name to rows."""

_ALIASES = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation",
            "dev": "validation", "test": "test"}  # fmt: skip
_LAYOUTS = (
    f"files named train, validation, test ({', '.join(EXTENSIONS)})",
    "one folder per class with images or sounds",
)


def read_data(path: Path) -> Tables:
    """Read a file, a folder of split files or a folder of class folders.

    A single file is one split, ``train``. ``val``, ``valid`` and ``dev`` mean ``validation``. Class folders may stand
    directly in `path` or below ``train``, ``validation`` and ``test`` (see `find_layout`); their rows have the columns
    ``image`` or ``audio`` (the file's path below `path`) and ``label`` (the class folder's name).

    Raises:
        DataError: Nothing is there, it is none of these, a split is given twice, or there is no training split.
    """
    if path.is_file() or not path.exists():
        return {"train": read_table(path)}
    tables = _split_files(path) or read_class_folders(path)
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
