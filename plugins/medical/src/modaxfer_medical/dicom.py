"""DICOM: one file with one or many frames, or a folder with the slices of one series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.errors import DataError, MissingPackageError
from modaxfer_medical.volume import Volume
from modaxfer_medical.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["is_dicom", "read_dicom", "read_series"]

PREAMBLE, MAGIC = 128, b"DICM"
INSTALL = "pip install 'modaxfer-medical[scans]'"


def is_dicom(path: Path) -> bool:
    """Tell whether the file at `path` is in the format of DICOM PS3.10."""
    with path.open("rb") as stream:
        return stream.read(PREAMBLE + len(MAGIC))[PREAMBLE:] == MAGIC


def read_dicom(path: Path) -> Volume:
    """Read one file: a picture, or a volume of many frames.

    Stored numbers become units by slope and intercept, of each frame where the file has them so.

    Raises:
        MissingPackageError: pydicom is not installed.
        DataError: It is not DICOM, has no grey pixels, or is compressed in a way that needs a further package.
    """
    return _volume([_opened(path)], [path])


def read_series(folder: Path) -> Volume:
    """Read the slices in `folder`, ordered by where they lie, else by their numbers.

    Raises:
        MissingPackageError: pydicom is not installed.
        DataError: There are none, or they belong to several series or patients, or differ in size.
    """
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and is_dicom(path)]
    if not paths:
        raise DataError("no DICOM file", file=folder, fix="name a folder with the slices of one series")
    found = [_opened(path) for path in paths]
    for what in ("SeriesInstanceUID", "PatientID"):
        if len(values := {str(one.get(what, "")) for one in found}) > 1:
            raise DataError(
                "a folder holds the slices of one series",
                file=folder,
                got=f"{len(values)} values of {what}: {', '.join(sorted(values)[:3])}",
                fix="give each series a folder of its own",
            )
    order = sorted(range(len(found)), key=lambda number: _height(found[number]))
    return _volume([found[number] for number in order], [paths[number] for number in order])


def _opened(path: Path) -> Any:
    try:
        import pydicom
    except ModuleNotFoundError as error:
        raise MissingPackageError("pydicom", "a DICOM file", INSTALL) from error
    try:
        return pydicom.dcmread(path)
    except Exception as error:  # Broken files raise many kinds.
        raise DataError("unreadable DICOM file", file=path, got=error, fix="replace the file") from error


def _volume(found: Sequence[Any], paths: Sequence[Path]) -> Volume:
    slices = [_units(one, path) for one, path in zip(found, paths, strict=True)]
    if len({one.shape[1:] for one in slices}) > 1:
        sizes = sorted({f"{one.shape[1]} x {one.shape[2]}" for one in slices})
        raise DataError("slices of one series differ in size", file=paths[0].parent, got=sizes, fix="part them")
    first = found[0]
    return Volume(
        values=np.concatenate(slices),
        modality=str(first.get("Modality", "")),
        patient=str(first.get("PatientID", "")).strip(),
        window=_window(first),
        inverted=str(first.get("PhotometricInterpretation", "")) == "MONOCHROME1",
    )


def _units(one: Any, path: Path) -> np.ndarray:
    """Return float32 ``[frames, rows, columns]`` in the unit of the file, from below where frames say so."""
    if int(one.get("SamplesPerPixel", 1)) != 1:
        kind = one.get("PhotometricInterpretation", "colours")
        raise DataError("a scan is grey, and this one has colours", file=path, got=kind, fix="leave its row out")
    try:
        stored = one.pixel_array
    except Exception as error:  # No pixels, fewer than stated, a codec that is not there: each raises another kind.
        raise DataError(
            "the pixels of a DICOM file cannot be read",
            file=path,
            got=error,
            fix="of compressed files, install a decoder: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg",
        ) from error
    frames = stored.reshape(-1, *stored.shape[-2:])
    scales = [_scale(one, number) for number in range(len(frames))]
    slopes, intercepts = np.array(scales, np.float64).T[..., None, None]
    order = sorted(range(len(frames)), key=lambda number: _height(one, number))
    values: np.ndarray = (frames * slopes + intercepts).astype(np.float32)[order]
    return values


def _scale(one: Any, number: int) -> tuple[float, float]:
    group = _group(one, "PixelValueTransformationSequence", number)
    return float(group.get("RescaleSlope", 1)), float(group.get("RescaleIntercept", 0))


def _window(one: Any) -> Window | None:
    group = _group(one, "FrameVOILUTSequence", 0)
    centre, width = group.get("WindowCenter"), group.get("WindowWidth")
    if centre is None or width is None:
        return None
    # A file may offer several; the first is the default.
    first = [float(value[0]) if hasattr(value, "__len__") else float(value) for value in (centre, width)]
    return Window(centre=first[0], width=first[1]) if first[1] >= 1 else None


def _height(one: Any, number: int = 0) -> tuple[float, int]:
    """Return how far up a slice lies, in mm along the axis that slices are stacked by, and its number."""
    place = _group(one, "PlanePositionSequence", number).get("ImagePositionPatient")
    turned = _group(one, "PlaneOrientationSequence", number).get("ImageOrientationPatient")
    instance = int(one.get("InstanceNumber") or 0) + number
    if place is None or turned is None:
        return 0.0, instance
    axis = np.cross(np.array(turned[:3], float), np.array(turned[3:], float))
    return float(axis @ np.array(place, float)), instance


def _group(one: Any, name: str, number: int) -> Any:
    """Return where a fact on a frame stands: with the frame, with all frames (PS3.3, C.7.6.16), or in the file."""
    frames = one.get("PerFrameFunctionalGroupsSequence") or ()
    for groups in (*frames[number : number + 1], *(one.get("SharedFunctionalGroupsSequence") or ())):
        if name in groups:
            return groups[name][0]
    return one
