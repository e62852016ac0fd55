"""Folders of data: one file per split, or one folder per class with images or sounds in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from modaxfer.data.layouts.class_folders import read_class_folders
from modaxfer.data.layouts.split_files import (
    SplitFiles,
    find_split_files,
    find_split_files_inside,
    read_split_files,
)
from modaxfer.data.tables.files import EXTENSIONS, is_data, read_table
from modaxfer.data.tables.gathering import EVERYTHING, Selection, drawn
from modaxfer.errors import DataError
from modaxfer.spec import SPLITS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Tables", "data_files", "read_data"]

Tables = Mapping[str, pa.Table]
"""Split name to rows."""

_LAYOUTS = (
    f"files named train, validation, test ({', '.join(EXTENSIONS)})",
    "one folder per class with images or sounds",
)

_SAVED = frozenset(["dataset_dict.json", "dataset_info.json", "state.json"])
"""What `datasets` writes beside the Arrow files of `save_to_disk`."""


def read_data(path: Path, selection: Selection = EVERYTHING) -> Tables:
    """Read a file, a folder of split files or a folder of class folders.

    A single file is one split, ``train``. ``val``, ``valid`` and ``dev`` mean ``validation``. A split may be in several
    parts (see `read_split_files`), and may stand in a folder inside. Class folders may stand directly in `path` or
    below ``train``, ``validation`` and ``test`` (see `find_layout`); their rows have the columns ``image`` or ``audio``
    (the file's path below `path`) and ``label`` (the class folder's name).

    Args:
        path: File or folder.
        selection: Part of the rows and columns of tables; by default all.

    Raises:
        DataError: Nothing is there, it is none of these, a split is given twice, or there is no training split.
    """
    try:
        if not path.is_dir():
            return {"train": read_table(path, selection)}
        tables: Tables = read_split_files(_split_files(path), selection) or _class_folders(path, selection)
        tables = tables or read_split_files(find_split_files_inside(path), selection)
        found = [] if tables else sorted(path.iterdir())
    except OSError as error:
        raise _unreadable(path, error) from None
    if not tables:
        raise _no_data(path, found)
    _require_train(path, list(tables))
    return {split: tables[split] for split in SPLITS if split in tables}


def data_files(path: Path) -> SplitFiles:
    """Return the files of each split of what `read_data` takes, tables alone: class folders have none.

    Raises:
        DataError: As for `read_data`; or the rows lie in class folders.
    """
    try:
        if not path.is_dir():
            return SplitFiles(folder=path.parent, files={"train": (path,)})
        found = _split_files(path)
        if not found.files and not read_class_folders(path):
            found = find_split_files_inside(path)
        inside = sorted(path.iterdir())
    except OSError as error:
        raise _unreadable(path, error) from None
    if not found.files:
        raise _no_data(path, inside)
    _require_train(path, list(found.files))
    return replace(found, files={split: found.files[split] for split in SPLITS if split in found.files})


def _unreadable(path: Path, error: OSError) -> DataError:
    what = f"cannot read {str(error.filename or path)[:200]}"
    return DataError(what, got=error.strerror, fix="check the name and the rights")


def _require_train(path: Path, splits: Sequence[str]) -> None:
    if "train" not in splits:
        raise DataError("no training split", file=path, got=splits, allowed=SPLITS, fix="add a file or folder train")


def _split_files(folder: Path) -> SplitFiles:
    found = find_split_files(folder)
    return found if found.files else find_split_files_inside(folder, alone=True)


def _class_folders(path: Path, selection: Selection) -> Tables:
    tables = read_class_folders(path)
    if selection.draw is None:
        return tables
    return {split: drawn(table, selection.draw) for split, table in tables.items()}


def _no_data(path: Path, found: Sequence[Path]) -> DataError:
    names = {entry.name for entry in found}
    if names & _SAVED:
        fix = 'write it as parquet: datasets.load_from_disk(PATH)["train"].to_parquet("train.parquet")'
    else:
        inside = (inner for entry in found if entry.is_dir() for inner in sorted(entry.iterdir()))
        files = [entry for entry in (*found, *inside) if entry.is_file() and is_data(entry)]
        fix = f"name the file, --data {files[0]}" if len(files) == 1 else "name a file, or files for their splits"
    got = [entry.name for entry in found[:10]] or "an empty folder"
    return DataError("no data in this folder", file=path, got=got, allowed=_LAYOUTS, fix=fix)
