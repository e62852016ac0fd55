"""NIfTI: one volume, turned so that slices are seen as a radiologist sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from modaxfer.errors import DataError, MissingPackageError
from modaxfer_medical.volume import Volume

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_nifti", "read_nifti"]

ENDINGS = (".nii", ".nii.gz")
INSTALL = "pip install 'modaxfer-medical[scans]'"


def is_nifti(path: Path) -> bool:
    """Tell by its name whether the file at `path` is NIfTI: compressed ones begin as any gzip file does."""
    return path.name.lower().endswith(ENDINGS)


def read_nifti(path: Path) -> Volume:
    """Read one volume; slope and intercept of the header are applied.

    The file says which way its axes point: slices come from below, rows from the front, and the patient's right is on
    the left, as in DICOM of a patient who lies on the back.

    Raises:
        MissingPackageError: nibabel is not installed.
        DataError: It is not NIfTI, is cut off, or holds several volumes.
    """
    try:
        import nibabel
    except ModuleNotFoundError as error:
        raise MissingPackageError("nibabel", "a NIfTI file", INSTALL) from error
    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        values = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # Broken files raise many kinds.
        raise DataError("unreadable NIfTI file", file=path, got=error, fix="replace the file") from error
    values = values[..., 0] if values.ndim == 4 and values.shape[3] == 1 else values
    if values.ndim != 3:
        shape = " x ".join(map(str, values.shape))
        raise DataError("a scan is one volume", file=path, got=shape, fix="write each volume into a file of its own")
    # Canonical axes point right, to the front, and up.
    return Volume(values=values.transpose(2, 1, 0)[:, ::-1, ::-1].copy())
