"""Grey pictures of 8 or 16 bits (PNG, TIFF), as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from modaxfer.errors import DataError
from modaxfer_medical.volume import Volume
from modaxfer_medical.windows import Window

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_picture"]

GREY = ("L", "I", "F", "I;16", "I;16B", "I;16L")


def read_picture(path: Path) -> Volume:
    """Read each page of a picture with the numbers that it stores, none of which is cut or scaled.

    Raises:
        DataError: It is no picture, has colours, or its pages differ in size.
    """
    try:
        with Image.open(path) as image:
            pages = []
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                if image.mode not in GREY:
                    raise DataError("a scan is grey, and this one has colours", file=path, got=image.mode)
                pages.append(np.asarray(image))
        # Bytes are shades already; of wider numbers nothing says which is white.
        window = Window(centre=128, width=256) if pages[0].dtype == np.uint8 else None
        return Volume(values=np.stack(pages).astype(np.float32), window=window)
    except (OSError, ValueError, SyntaxError) as error:
        allowed = "DICOM, NIfTI (.nii, .nii.gz), grey pictures of 8 or 16 bits"
        raise DataError("unreadable scan", file=path, got=error, allowed=allowed, fix="replace the file") from error
