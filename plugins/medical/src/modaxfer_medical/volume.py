"""One scan as numbers in its own unit, whatever file it came in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modaxfer_medical.windows import Window, spread_window

__all__ = ["Volume"]


@dataclass(frozen=True, kw_only=True)
class Volume:
    """Slices of a scan, from below, each face up with the patient's right on the left."""

    values: np.ndarray
    """float32 ``[slices, rows, columns]``: Hounsfield units of a CT, the file's own unit of anything else."""
    modality: str = ""
    """As DICOM names it: ``CT``, ``MR``, ``DX`` ...; empty = the file does not say."""
    patient: str = ""
    """Empty = the file does not say."""
    window: Window | None = None
    """What the file asks to be shown with."""
    inverted: bool = False
    """Whether small numbers are white (MONOCHROME1)."""

    def shown(self, window: Window | None = None) -> np.ndarray:
        """Return shades of grey, uint8 ``[slices, rows, columns]``, in which much is always white.

        Args:
            window: None takes the file's own, and where it has none, one around nearly all of its numbers.
        """
        shades = self.chosen(window).shown(self.values)
        return 255 - shades if self.inverted else shades

    def chosen(self, window: Window | None = None) -> Window:
        """Return the window that `shown` takes."""
        return window or self.window or spread_window(self.values)
