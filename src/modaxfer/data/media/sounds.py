"""One sound to mono samples, block by block, and from one rate to another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.contracts import Sound
from modaxfer.data.media.limits import most_seconds
from modaxfer.data.media.threaded import in_threads
from modaxfer.data.media.values import Encoded, encoded, refuse_nothing, unreadable

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["HIGHEST_RATE", "LONG", "LOWEST_RATE", "SHORT", "check_sound", "read_sound", "read_sounds", "resample"]

LOWEST_RATE, HIGHEST_RATE = 50, 1_000_000
"""Hz. Below, a spectrum's window holds no sample; above, no recorder works and one window fills the memory."""

LONG = "longer than the cap"
"""Remark on a sound of which not all is read."""

SHORT = "shorter than stated"
"""Remark on a sound that ends before the length that its header states."""

_ENDLESS = 2**40
"""Frames."""

_EMPTY = "it holds no samples"

_BLOCK = 1 << 20
"""Samples, of all channels together, that are decoded at a time."""


def read_sound(value: Any, root: Path | None, rate: int | None, seconds: float | None = None) -> Sound:
    """Decode one sound to mono float32, at `rate` Hz; nothing is decoded that is not handed on.

    Channels are averaged; the rate is changed with `resample`.

    Args:
        value: A path below `root`, encoded bytes, ``{"bytes", "path"}`` of which one is set, base64 text or a ``data:``
            address; or a sound that is decoded already.
        root: Folder that paths are resolved against and may not leave; None where the data brings no files.
        rate: Samples per second wanted (Hz); None keeps the file's own.
        seconds: Read no further than this, in seconds; None = up to the cap (`limits`), which always holds.

    Raises:
        DataError: The file is missing, outside `root`, truncated, empty, of an unusable rate or no sound.
    """
    if isinstance(value, Sound):
        return _heard(value, rate, seconds)
    file, most = encoded(value, root), most_seconds()
    blocks = list(_blocks(file, most if seconds is None else min(seconds, most)))
    if not blocks:
        raise unreadable("sound", file.name, _EMPTY)
    own, frames, _ = blocks[0]
    samples = np.concatenate([block for _, _, block in blocks])
    # Streams that were never closed state no length, or one that no disk could hold.
    whole = frames / own if len(samples) < frames < _ENDLESS else None
    return Sound(samples=resample(samples, own, rate or own), rate=rate or own, whole=whole)


def read_sounds(values: Sequence[Any], root: Path | None, seconds: float | None) -> list[Sound]:
    """Decode sounds as `read_sound` does, at their own rates, several at a time.

    Raises:
        DataError: One cannot be read; the first of them is told.
    """
    return in_threads(lambda value: read_sound(value, root, None, seconds), values)


def _heard(sound: Sound, rate: int | None, seconds: float | None) -> Sound:
    """Return a decoded sound up to `seconds`, at `rate` Hz."""
    length = len(sound.samples)
    samples = sound.samples if seconds is None else sound.samples[: max(1, math.ceil(seconds * sound.rate))]
    whole = sound.whole or (length / sound.rate if len(samples) < length else None)
    return Sound(samples=resample(samples, sound.rate, rate or sound.rate), rate=rate or sound.rate, whole=whole)


def resample(samples: np.ndarray, own: int, rate: int) -> np.ndarray:
    """Return float32 ``[samples]`` at `rate` Hz instead of `own` (soxr); what lies above half of `rate` is silenced."""
    if own == rate or not len(samples):
        return samples
    import soxr

    return np.ascontiguousarray(soxr.resample(samples, own, rate), dtype=np.float32)


def check_sound(file: Encoded, remarks: Counter[str]) -> None:
    """Decode a sound up to the cap and forget it.

    Args:
        file: The encoded sound.
        remarks: Counts what is to be said of it.

    Raises:
        DataError: `read_sound` would raise it.
    """
    most = most_seconds()
    # A little further than the cap, to learn whether there is more.
    heard = [(rate, frames, len(block)) for rate, frames, block in _blocks(file, most + 0.1)]
    if not heard:
        raise unreadable("sound", file.name, _EMPTY)
    (rate, frames, _), total = heard[0], sum(length for *_, length in heard)
    remarks[LONG] += total > most * rate
    # Some headers only estimate; an MP3 that was cut is decoded to where it ends.
    remarks[SHORT] += total <= most * rate and total < 0.9 * frames < _ENDLESS


def _blocks(file: Encoded, seconds: float) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield rate, frames of the whole file and the mean of all channels, a block at a time, up to `seconds`."""
    import soundfile

    refuse_nothing("sound", file)
    if _is_cut(file):
        raise unreadable("sound", file.name, "the file is truncated")
    with file.open() as stream:
        try:
            with soundfile.SoundFile(stream) as sound:
                rate = _usable_rate(int(sound.samplerate), file.name)
                left, size = max(1, math.ceil(seconds * rate)), max(1, _BLOCK // sound.channels)
                while left > 0 and len(block := sound.read(min(left, size), dtype="float32", always_2d=True)):
                    if not np.isfinite(block).all():
                        raise unreadable("sound", file.name, "it holds samples that are not finite")
                    yield rate, int(sound.frames), np.ascontiguousarray(block.mean(axis=1))
                    left -= len(block)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise unreadable("sound", file.name, error) from error


def _usable_rate(rate: int, name: str) -> int:
    if LOWEST_RATE <= rate <= HIGHEST_RATE:
        return rate
    allowed = f"{LOWEST_RATE} to {HIGHEST_RATE} Hz"
    raise unreadable("sound", name, f"its header states a rate of {rate} Hz", allowed)


def _is_cut(file: Encoded) -> bool:
    """Tell whether an uncompressed file ends before the length in its header; libsndfile shortens it without a word."""
    with file.open() as stream:
        head = stream.read(28).ljust(28, b"\0")
    stated = _stated_length(head)
    return stated is not None and stated > file.size() + 1


def _stated_length(head: bytes) -> int | None:
    """Return the bytes that a file should have by its first 28; None where they do not say."""
    match head[:4]:
        case b"RIFF":
            start, stated = 8, int.from_bytes(head[4:8], "little")
        case b"FORM" | b"RIFX":
            start, stated = 8, int.from_bytes(head[4:8], "big")
        case b".snd":
            start, stated = int.from_bytes(head[4:8], "big"), int.from_bytes(head[8:12], "big")
        case b"RF64":
            start, stated = 8, int.from_bytes(head[20:28], "little") if head[12:16] == b"ds64" else 0
        case b"riff":
            start, stated = 0, int.from_bytes(head[16:24], "little")
        case _:
            return None
    # Programs that write to a pipe leave 0 or the largest number.
    return None if stated in (0, 0xFFFFFFFF, 2**64 - 1) else start + stated
