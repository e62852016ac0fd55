"""Rows and what encoders are given of them, as pages and files show it: text, data addresses, PNG, terminal lines."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from modaxfer.data.blanks import is_missing
from modaxfer.data.values import media_name
from modaxfer.errors import DataError
from modaxfer.reports.inputs import Shown
from modaxfer.runner.evaluation.shown import excerpt, thumbnail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["address", "png", "shown_values", "spectrogram", "wav"]

BANDS, COLUMNS = 64, 360
"""Rows and columns of pixels of a spectrogram that is shown."""

_PREFIX = {"image": "data:image/jpeg;base64,", "audio": "data:audio/flac;base64,"}


def shown_values(
    values: Mapping[str, Any], kinds: Mapping[str, str], root: Path | None, *, media: bool = True
) -> list[Shown]:
    """Return the inputs of a conformed row, fields without a value left out.

    Args:
        values: By field.
        kinds: Signal kind by field.
        root: Folder of its media.
        media: Whether pictures and sounds are read; else they have their names alone.
    """
    found = []
    for name, kind in kinds.items():
        value = values.get(name)
        if is_missing(value):
            continue
        if kind not in _PREFIX:
            found.append(Shown(name=name, kind=kind, text=_text(value)))
            continue
        called, data = str(media_name(value) or ""), ""
        if media:
            try:
                data = _PREFIX[kind] + (thumbnail if kind == "image" else excerpt)(value, root)
            except DataError as error:
                called = f"{called}: {error.what}"
        found.append(Shown(name=name, kind=kind, text=called, address=data))
    return found


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return " ".join(value) if isinstance(value, list) else str(value)


def png(pixels: np.ndarray) -> bytes:
    """Return uint8 ``[height, width, 3]`` as a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def wav(samples: np.ndarray, rate: int) -> bytes:
    """Return float samples, at most 1, as 16-bit WAV."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def address(data: bytes, kind: str) -> str:
    """Return a data address of media type `kind`."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def spectrogram(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound as a picture, uint8 ``[64, columns, 3]``: time to the right, pitch (mel) up, loud is bright."""
    from modaxfer.bridges.log_mel import LogMel

    seconds = max(len(samples) / rate, 0.02)
    analysis = LogMel(rate=rate, seconds=seconds, window=0.025, bands=BANDS, most=COLUMNS, decibels=80.0)
    grey = np.rint(255 * analysis(samples.astype(np.float32))[::-1]).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)
