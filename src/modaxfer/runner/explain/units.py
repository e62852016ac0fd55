"""How inputs are cut into units that people can see: tokens, cells of a picture, bands and stretches of a sound."""

from __future__ import annotations

import numpy as np
import torch

__all__ = ["band_edges", "bands_and_stretches", "cells", "heights", "window_of"]

MOST_CELLS = 14
"""Cells of a picture per side, at most."""

BANDS, STRETCHES = 8, 24
"""Of a sound, at most: as many passes as both multiplied say whether the gradients are right."""


def cells(height: int, width: int, patch: int | None) -> tuple[torch.Tensor, tuple[int, int]]:
    """Return the cell of each pixel of a picture, int64 ``[height, width]``, and the shape of the grid.

    Args:
        height: Of the picture, in pixels.
        width: Of the picture.
        patch: Pixels per side of the encoder's patch, None = it has none. A cell is one, or a part of one
            where there are few.
    """
    rows, columns = (_share(side, patch) for side in (height, width))
    down, across = (torch.arange(side) * count // side for side, count in ((height, rows), (width, columns)))
    return down[:, None] * columns + across[None, :], (rows, columns)


def _share(side: int, patch: int | None) -> int:
    if not patch or side % patch or side // patch > MOST_CELLS:
        return min(MOST_CELLS, side)
    count = side // patch
    # Few patches are halved until there is something to see.
    while 2 * count <= MOST_CELLS and side % (2 * count) == 0:
        count *= 2
    return count


def heights(hertz: np.ndarray) -> np.ndarray:
    """Return where frequencies stand between 0 and the highest of them, 0 to 1, on Slaney's mel scale."""
    from transformers.audio_utils import hertz_to_mel

    mel = np.asarray(hertz_to_mel(np.asarray(hertz, float), "slaney"))
    return np.asarray(mel / max(float(mel.max()), 1e-9))


def band_edges(highest: float, bands: int) -> list[float]:
    """Return the edges in Hz of `bands` that are equally wide in mel (Slaney's scale), from 0 to `highest` Hz."""
    from transformers.audio_utils import hertz_to_mel, mel_to_hertz

    edges = np.linspace(0.0, float(hertz_to_mel(highest, "slaney")), bands + 1)
    return [float(each) for each in np.asarray(mel_to_hertz(edges, "slaney"))]


def bands_and_stretches(place: np.ndarray, frames: int) -> tuple[torch.Tensor, tuple[int, int]]:
    """Return the unit of each number of a spectrogram, int64 ``[frequencies, frames]``, and the shape of the grid.

    Args:
        place: Where each frequency stands between the lowest and the highest, see `heights`, ``[frequencies]``.
        frames: Steps in time.
    """
    bands, stretches = min(BANDS, len(place)), min(STRETCHES, frames)
    band = torch.from_numpy(np.minimum((place * bands).astype(np.int64), bands - 1))
    stretch = torch.arange(frames) * stretches // frames
    return band[:, None] * stretches + stretch[None, :], (bands, stretches)


def window_of(samples: int, rate: int) -> int:
    """Return the samples of one window of a sound's spectra: 25 ms, less of a shorter sound; a multiple of four."""
    return max(4, min(round(0.025 * rate), samples) // 4 * 4)
