"""Samples to encoded files, as the data sets' columns hold them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import soundfile

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["audio_column"]

_MEDIA = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_LOUDEST = 0.8


def audio_column(sounds: Iterable[np.ndarray], rate: int) -> pa.Array:
    """Return one FLAC file, 16 bits and mono, per sound.

    Args:
        sounds: Samples of any scale; each sound's loudest becomes 0.8.
        rate: Samples per second (Hz).
    """
    return pa.array([{"bytes": _flac(sound, rate), "path": None} for sound in sounds], _MEDIA)


def _flac(sound: np.ndarray, rate: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound * (_LOUDEST / np.abs(sound).max()), rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
