"""Folders of tables: one file per split, or several that are parts of one, as hubs and competitions lay them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from modaxfer.data.layouts.layout import settled, split_of
from modaxfer.data.origin import is_typed, mixed_of, noted, notes_of, numbers_of, separator_of, stamp, total_of
from modaxfer.data.tables.files import is_data, read_table
from modaxfer.data.tables.gathering import Selection, drawn
from modaxfer.errors import DataError

__all__ = ["SplitFiles", "find_split_files", "find_split_files_inside", "read_split_files"]

_PART = re.compile(
    r"(?P<name>.*?)[-_. ]*(?:part|shard)?[-_. ]*(?P<number>\d+)(?:[-_. ]*of[-_. ]*(?P<count>\d+)(-[0-9a-f]{8,})?)?",
    re.I,
)
"""Stem of a file that is one of several: train-00000-of-00002, perhaps with a hash behind, train_1, test.part2."""

_BESIDE = re.compile(r"(readme|license|licence|dataset_infos?|citation)\b.*", re.I)
"""Files that say something of the data and hold none."""


_PARTS_KEPT = 8
"""So many times the rows that are drawn wait for the draw from all parts."""


@dataclass(frozen=True, kw_only=True)
class SplitFiles:
    """Which files hold the rows of each split."""

    folder: Path
    files: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """By split, in the order of their rows."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Part:
    path: Path
    number: int | None = None
    count: int | None = None


def find_split_files(folder: Path) -> SplitFiles:
    """Return the files of each split in `folder`: named for it, or in a folder named for it with nothing but tables.

    Empty where there is neither. Parts such as ``train-00000-of-00002.parquet`` are in order. A folder of nothing but
    parquet files of one name and a number (``part-00000.parquet``) is train. Tables named for no split are left out,
    and that is noted.

    Raises:
        DataError: A split is given twice, or a part is missing.
    """
    found = _named(folder) or _folders(folder) or _shards(folder)
    used = {part.path for parts in found.values() for part in parts}
    others = [path.name for path in _visible(folder) if path.is_file() and path not in used and _is_rows(path)]
    note = f"{folder.name}: files left out, as they are named for no split: {_listed(others)}"
    notes = (note,) if others and "train" in found else ()
    return SplitFiles(
        folder=folder, files={split: [part.path for part in parts] for split, parts in found.items()}, notes=notes
    )


def find_split_files_inside(folder: Path, *, alone: bool = False) -> SplitFiles:
    """Return what `find_split_files` finds in the one folder inside `folder` that has splits, such as ``data``.

    Args:
        folder: Where to look.
        alone: Only look where there is but one folder, as archives are unpacked: files named for splits then say more
            than the images or sounds beside them.

    Raises:
        DataError: Several have.
    """
    folders = [path for path in _visible(folder) if path.is_dir()]
    if alone and len(folders) > 1:
        return SplitFiles(folder=folder)
    inside = [path for path in folders if _named(path) or _folders(path)]
    if len(inside) > 1:
        raise DataError(
            "several folders hold splits of their own", file=folder, got=[path.name for path in inside],
            fix=f"point --data at one of them, such as {inside[0]}",
        )  # fmt: skip
    if not inside and len(folders) == 1:
        # Archives in archives: a folder in a folder.
        inside, found = folders, find_split_files_inside(folders[0], alone=alone)
    else:
        found = find_split_files(inside[0]) if inside else SplitFiles(folder=folder)
    if "train" in found.files:
        found = replace(found, notes=(f"{folder.name}: read the folder inside, {inside[0].name}", *found.notes))
    return found


def read_split_files(found: SplitFiles, selection: Selection) -> dict[str, pa.Table]:
    """Return the rows of each split; those of several files are put together in order, and numbered through.

    Raises:
        DataError: Parts differ in their columns, or a file cannot be read.
    """
    tables = {split: _joined(files, selection) for split, files in found.files.items()}
    for note in reversed(found.notes):
        tables["train"] = noted(tables["train"], note)
    return tables


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_", "~")))


def _is_rows(path: Path) -> bool:
    return is_data(path) and not _BESIDE.fullmatch(path.name)


def _named(folder: Path) -> dict[str, list[_Part]]:
    """Return the parts of each split among the files of `folder`, by name: train, train-1, else reviews_train."""
    files = [path for path in _visible(folder) if path.is_file() and _is_rows(path)]
    found: dict[str, list[_Part]] = {}
    for path in files:
        if part := _part(path, _stem(path)):
            found.setdefault(part[0], []).append(part[1])
    for path in files if not found else ():
        if part := _part(path, _without_prefix(_stem(path), files)):
            found.setdefault(part[0], []).append(part[1])
    return {split: _complete(folder, split, parts) for split, parts in _settled(found).items()}


def _settled(found: dict[str, list[_Part]]) -> dict[str, list[_Part]]:
    meant = settled(found)
    return {meant[split]: parts for split, parts in found.items() if split in meant}


def _stem(path: Path) -> str:
    return re.sub(r"\.[^.]+(\.gz)?$", "", path.name, flags=re.I)


def _without_prefix(stem: str, files: Iterable[Path]) -> str:
    """Return ``train`` for ``reviews_train`` where all `files` begin alike; a stem that begins otherwise as it is."""
    words = [re.split(r"[-_. ]+", _stem(path)) for path in files]
    if len(words) < 2 or any(len(parts) < 2 or parts[0] != words[0][0] for parts in words):
        return stem
    return stem[len(words[0][0]) :].lstrip("-_. ")


def _part(path: Path, stem: str) -> tuple[str, _Part] | None:
    for name in (stem, stem.split(".", 1)[0]):
        if (match := _PART.fullmatch(name)) and (split := split_of(match["name"])):
            return split, _Part(path=path, number=_int(match["number"]), count=_int(match["count"]))
        if split := split_of(name):
            return split, _Part(path=path)
    return None


def _int(text: str | None) -> int | None:
    return None if text is None else int(text)


def _folders(folder: Path) -> dict[str, list[_Part]]:
    """Return the parts of each split that is a folder of tables and nothing else."""
    found: dict[str, list[_Part]] = {}
    for inner in _visible(folder):
        split = split_of(inner.name) if inner.is_dir() else None
        inside = [path for path in _visible(inner) if not _BESIDE.fullmatch(path.name)] if split else []
        if split is None or not inside or not all(path.is_file() and is_data(path) for path in inside):
            continue
        if split in found:
            got = (found[split][0].path.parent.name, inner.name)
            raise DataError(f"two folders for the split {split}", file=folder, got=got, fix="keep one of them")
        found[split] = [_Part(path=path, number=place) for place, path in enumerate(inside)]
    return _settled(found)


def _shards(folder: Path) -> dict[str, list[_Part]]:
    """Return two or more numbered parquet files of one name, with nothing beside them, as parts of train."""
    inside = [path for path in _visible(folder) if not _BESIDE.fullmatch(path.name)]
    parts = [_PART.fullmatch(_stem(path).split(".", 1)[0]) for path in inside]
    alike = len({part and part["name"] for part in parts}) == 1
    if len(inside) < 2 or not alike or any(part is None for part in parts) or {*map(_ending, inside)} != {".parquet"}:
        return {}
    return {"train": [_Part(path=path, number=place) for place, path in enumerate(inside)]}


def _ending(path: Path) -> str:
    return path.suffix.lower() if path.is_file() else ""


def _complete(folder: Path, split: str, parts: Sequence[_Part]) -> list[_Part]:
    """Return `parts` in order.

    Raises:
        DataError: Two files are the same part, or one is missing.
    """
    numbers = [part.number for part in parts]
    if len(parts) > 1 and (None in numbers or len(set(numbers)) < len(numbers)):
        got = [part.path.name for part in parts]
        raise DataError(f"two files for the split {split}", file=folder, got=got, fix="keep one of them")
    counts = {part.count for part in parts if part.count is not None}
    if counts and counts != {len(parts)}:
        raise DataError(
            f"parts of the split {split} are missing, or of two versions", file=folder,
            got=_listed([part.path.name for part in parts]), allowed=f"{max(counts)} parts", fix="download them again",
        )  # fmt: skip
    return sorted(parts, key=lambda part: part.number or 0)


def _joined(files: Sequence[Path], selection: Selection) -> pa.Table:
    if len(files) == 1:
        return read_table(files[0], selection)
    tables: list[pa.Table] = []
    before = total = 0
    for path in files:
        table = read_table(path, replace(selection, before=before))
        _require_same(tables[0] if tables else table, table, path)
        tables.append(table)
        # Rows of JSON are numbered by lines, of which some may be blank.
        before = max(before + total_of(table), int(numbers_of(table)[-1]))
        total += total_of(table)
        # Of a thousand parts each would keep as many rows as are drawn of all.
        if selection.draw and sum(each.num_rows for each in tables) > _PARTS_KEPT * selection.draw.rows:
            tables = [drawn(_united(tables, files, total), selection.draw)]
    table = _united(tables, files, total)
    return drawn(table, selection.draw) if selection.draw else table


def _united(tables: Sequence[pa.Table], files: Sequence[Path], total: int) -> pa.Table:
    """Return the rows of `tables` as one, which has the origin of all."""
    return stamp(
        _concatenated(tables, files[0]), file=f"{files[0]} and {len(files) - 1} more",
        typed=is_typed(tables[0]), notes=tuple(dict.fromkeys(note for one in tables for note in notes_of(one))),
        separator=separator_of(tables[0]), mixed=sorted({name for one in tables for name in mixed_of(one)}),
        numbers=np.concatenate(list(map(numbers_of, tables))), total=total,
    )  # fmt: skip


def _require_same(first: pa.Table, table: pa.Table, path: Path) -> None:
    if set(first.column_names) != set(table.column_names):
        raise DataError(
            "a part has other columns than the first", file=path, got=table.column_names, allowed=first.column_names,
            fix="write the parts alike",
        )  # fmt: skip


def _concatenated(tables: Sequence[pa.Table], path: Path) -> pa.Table:
    plain = [table.replace_schema_metadata(None) for table in tables]
    try:
        return pa.concat_tables(plain, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(
            "the parts of a split have other types of columns", file=path, got=error, fix="write the parts alike"
        ) from None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
