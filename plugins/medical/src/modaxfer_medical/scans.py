"""Folders of scans as rows: one picture per slice, with its label and its patient.

`read_scans` is a reader for tasks, ``FolderSource(name="head-ct", reader="modaxfer_medical.scans:read_scans")``;
``python -m modaxfer_medical`` writes its rows to a folder for ``--data``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from PIL import Image

from modaxfer.errors import DataError
from modaxfer_medical.dicom import is_dicom, read_dicom, read_series
from modaxfer_medical.nifti import is_nifti, read_nifti
from modaxfer_medical.pictures import read_picture
from modaxfer_medical.windows import Window, window_of

if TYPE_CHECKING:
    from modaxfer.data import Tables
    from modaxfer_medical.volume import Volume

__all__ = ["LISTING", "read_scan", "read_scans"]

LISTING = "scans.csv"
SPLITS = ("train", "validation", "test")
NEEDED, OPTIONAL = ("file", "label"), ("patient", "split", "slice", "window")

_SCHEMA = pa.schema(
    {
        "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        "label": pa.string(),
        "patient": pa.string(),
        "scan": pa.string(),
        "slice": pa.int32(),
        "modality": pa.string(),
        "window": pa.string(),
    }
)


@dataclass(frozen=True, kw_only=True)
class _Listed:
    """One scan, or one slice of it."""

    path: Path
    name: str
    label: str
    patient: str = ""
    split: str = "train"
    number: int = 0
    """Of the slice, from 1; 0 = all that are asked for."""
    window: str = ""


def read_scan(path: Path) -> Volume:
    """Read a DICOM file, a folder with one DICOM series, a NIfTI file, or a grey picture of 8 or 16 bits.

    Raises:
        MissingPackageError: The package that reads it is not installed.
        DataError: It is none of these, or damaged.
    """
    if path.is_dir():
        return read_series(path)
    if not path.is_file():
        raise DataError("no such scan", file=path, fix="give paths from the folder that the listing is in")
    if is_nifti(path):
        return read_nifti(path)
    return read_dicom(path) if is_dicom(path) else read_picture(path)


def read_scans(folder: Path, *, window: Window | None = None, slices: int | None = None) -> Tables:
    """Return a row for each slice of the scans in `folder`, split by split.

    A file ``scans.csv`` there lists them: ``file`` and ``label``, and if you like ``patient``, ``split``, ``slice``
    (from 1, from below) and ``window`` (a preset, or CENTRE/WIDTH). Without it, each class is a folder of scans, if you
    like below folders called train, validation and test.

    Args:
        folder: With the scans; none outside it is read.
        window: For scans whose listing names none; None takes what the file asks for, and where it asks for nothing,
            one around nearly all of its numbers.
        slices: At most this many of a scan, evenly spread over it, 1 the middle one; None = all.

    Returns:
        By split: ``image`` (PNG, 8 bits, windowed), ``label``, ``patient`` (the scan's name where nothing names one),
        ``scan``, ``slice``, ``modality``, ``window``.

    Raises:
        DataError: A scan cannot be read, lies outside `folder`, or a patient stands in two splits.
        ConfigError: There is no such window.
    """
    listed = list(_listed(folder) if (folder / LISTING).is_file() else _in_folders(folder))
    if not listed:
        fix = f"add {LISTING}, or a folder of scans for each class"
        raise DataError("no scans", file=folder, allowed=f"{LISTING} or folders", fix=fix)
    rows: dict[str, list[dict[str, Any]]] = {}
    for one in listed:
        rows.setdefault(one.split, []).extend(_rows(one, window, slices))
    _refuse_torn(rows, folder)
    return {split: pa.Table.from_pylist(rows[split], _SCHEMA) for split in SPLITS if split in rows}


def _rows(one: _Listed, window: Window | None, slices: int | None) -> Iterator[dict[str, Any]]:
    volume = read_scan(one.path)
    count = len(volume.values)
    if one.number > count:
        raise DataError("no such slice", file=one.path, got=one.number, allowed=f"1 to {count}")
    taken = [one.number - 1] if one.number else _spread(count, slices)
    chosen = volume.chosen(window_of(one.window) if one.window else window)
    shades = volume.shown(chosen)
    for place in taken:
        stream = io.BytesIO()
        Image.fromarray(shades[place]).save(stream, format="PNG")
        yield {
            "image": {"bytes": stream.getvalue(), "path": None},
            "label": one.label,
            "patient": one.patient or volume.patient or one.name,
            "scan": one.name,
            "slice": place + 1,
            "modality": volume.modality,
            "window": str(chosen),
        }


def _spread(count: int, most: int | None) -> Iterable[int]:
    if most is None or most >= count:
        return range(count)
    return [int(middle) for middle in (np.arange(most) + 0.5) * count / most]


def _listed(folder: Path) -> Iterator[_Listed]:
    path = folder / LISTING
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        columns = reader.fieldnames or []
        unknown = [name for name in columns if name not in NEEDED + OPTIONAL]
        if unknown or (absent := [name for name in NEEDED if name not in columns]):
            raise DataError(
                "the listing has other columns than scans have",
                file=path,
                got=f"unknown: {', '.join(unknown)}" if unknown else f"missing: {', '.join(absent)}",
                allowed=f"{', '.join(NEEDED)}; if you like {', '.join(OPTIONAL)}",
                fix="rename them",
            )
        for row, values in enumerate(reader, start=2):
            yield _told(folder, path, row, {name: (values[name] or "").strip() for name in columns})


def _told(folder: Path, listing: Path, row: int, values: dict[str, str]) -> _Listed:
    split, number = values.get("split") or "train", values.get("slice") or "0"
    if split not in SPLITS:
        raise DataError("no such split", file=listing, row=row, column="split", got=split, allowed=SPLITS)
    if not number.isdecimal() or (values.get("slice") and int(number) == 0):
        raise DataError("no slice number", file=listing, row=row, column="slice", got=number, allowed="1, 2, ...")
    path = (folder / values["file"]).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise DataError(
            "a scan lies outside the folder of its listing", file=listing, row=row, column="file", got=values["file"],
            fix="copy it into the folder",
        )  # fmt: skip
    window = values.get("window", "")
    if window:
        window_of(window)  # Refused before the first scan is read.
    return _Listed(
        path=path, name=values["file"], label=values["label"], patient=values.get("patient", ""), split=split,
        number=int(number), window=window,
    )  # fmt: skip


def _in_folders(folder: Path) -> Iterator[_Listed]:
    splits = [split for split in SPLITS if (folder / split).is_dir()]
    for split, base in [(split, folder / split) for split in splits] or [("train", folder)]:
        for label in sorted(path for path in base.iterdir() if path.is_dir()):
            for path in sorted(label.iterdir()):
                if not path.name.startswith("."):
                    name = path.relative_to(folder).as_posix()
                    yield _Listed(path=path, name=name, label=label.name, split=split)


def _refuse_torn(rows: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """Refuse a patient whose scans stand in two splits: what is learned of one would be tested on the same."""
    seen: dict[str, str] = {}
    for split, made in rows.items():
        for row in made:
            if (other := seen.setdefault(row["patient"], split)) != split:
                raise DataError(
                    "a patient stands in two splits",
                    file=folder,
                    got=f"patient {row['patient']} in {other} and {split}",
                    fix="put all scans of a patient into one split, or name no splits and train with --group patient",
                )
