"""Images and sounds from paths or bytes. Nothing outside the data folder is ever opened."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from math import gcd
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from modaxfer.contracts import Sound
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["inspect_media", "read_image", "read_sound", "resolve_path"]


def read_image(value: Any, root: Path | None) -> Image.Image:
    """Decode one image to RGB, turned as its EXIF orientation says; transparent parts become white.

    Args:
        value: A path below `root`, encoded bytes, or ``{"bytes", "path"}`` of which one is set.
        root: Folder that paths are resolved against and may not leave; None where the data brings no files.

    Raises:
        DataError: The file is missing, outside `root`, truncated or no image.
    """
    data, name = _encoded(value, root)
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _to_rgb(ImageOps.exif_transpose(image))
    except Exception as error:  # Pillow's decoders raise many kinds, SyntaxError and struct.error among them.
        raise _unreadable("image", name, error) from error


def read_sound(value: Any, root: Path | None, rate: int | None) -> Sound:
    """Decode one sound to mono float32, at `rate` Hz.

    Channels are averaged; the rate is changed with a polyphase filter (`scipy.signal.resample_poly`).

    Args:
        value: A path below `root`, encoded bytes, or ``{"bytes", "path"}`` of which one is set.
        root: Folder that paths are resolved against and may not leave; None where the data brings no files.
        rate: Samples per second wanted (Hz); None keeps the file's own.

    Raises:
        DataError: The file is missing, outside `root`, truncated, empty or no sound.
    """
    samples, own = _decode_sound(*_encoded(value, root))
    if rate is None or rate == own:
        return Sound(samples=samples, rate=own)
    from scipy.signal import resample_poly

    common = gcd(rate, own)
    resampled = resample_poly(samples, rate // common, own // common)
    return Sound(samples=np.ascontiguousarray(resampled, dtype=np.float32), rate=rate)


def inspect_media(values: Sequence[Any], kind: str, root: Path | None) -> list[bytes | str]:
    """Decode every value once and forget it.

    Args:
        values: Media values as `read_image` takes them, none of them None.
        kind: ``image`` or ``audio``.
        root: As for `read_image`.

    Returns:
        For each value a digest of its encoded bytes (16 bytes), or the reason (str) why it cannot be read.
    """
    check = _check_image if kind == "image" else _check_sound

    def inspect(value: Any) -> bytes | str:
        try:
            data, name = _encoded(value, root)
            check(data, name)
        except DataError as error:
            return str(error)
        return hashlib.blake2b(data, digest_size=16).digest()

    # Decoders release the interpreter's lock, so threads help.
    with ThreadPoolExecutor(min(8, cpu_count() or 1)) as pool:
        return list(pool.map(inspect, values))


def resolve_path(path: str, root: Path | None) -> Path:
    """Return the file that `path` names below `root`, symbolic links followed.

    Raises:
        DataError: There is no root, or the file lies outside of it.
    """
    if root is None:
        raise DataError("a media path, but this data brings no folder", got=path, fix="give encoded bytes")
    full = (root / path).resolve()
    if not full.is_relative_to(root.resolve()):
        raise DataError(
            "a media path leads out of the data folder", file=path, allowed=f"files below {root}",
            fix="move the file into the data folder and name it relative to it",
        )  # fmt: skip
    return full


def _encoded(value: Any, root: Path | None) -> tuple[bytes, str]:
    """Return the encoded bytes of a media value and a name for messages."""
    if isinstance(value, dict):
        name = str(value.get("path") or "bytes")
        value = value.get("bytes") if value.get("bytes") is not None else value.get("path")
    else:
        name = str(value) if isinstance(value, str) else "bytes"
    if isinstance(value, bytes):
        return value, name
    if not isinstance(value, str):
        got = type(value).__name__
        raise DataError("not a media value", got=got, allowed=("a path", "bytes", '{"bytes", "path"}'))
    try:
        return resolve_path(value, root).read_bytes(), name
    except (OSError, ValueError) as error:
        raise DataError(
            "cannot read the media file", file=name, got=getattr(error, "strerror", None) or error
        ) from None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        # 16-bit grey; Pillow's own conversion would clip everything above 255 to white.
        image = Image.fromarray((np.asarray(image).clip(0, 65535) / 257).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _check_image(data: bytes, name: str) -> None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            # A JPEG decoded at an eighth of its size shows a truncated file as well, three times faster.
            image.draft("RGB", (1, 1))
            image.load()
    except Exception as error:  # As in `read_image`.
        raise _unreadable("image", name, error) from error


def _check_sound(data: bytes, name: str) -> None:
    _decode_sound(data, name)


def _decode_sound(data: bytes, name: str) -> tuple[np.ndarray, int]:
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        raise _unreadable("sound", name, error) from error
    if _cut_riff(data):
        raise _unreadable("sound", name, "the file is truncated")
    if not len(samples):
        raise _unreadable("sound", name, "it holds no samples")
    if not np.isfinite(samples).all():
        raise _unreadable("sound", name, "it holds samples that are not finite")
    return np.ascontiguousarray(samples.mean(axis=1)), int(rate)


def _cut_riff(data: bytes) -> bool:
    """Tell whether a WAV file ends before the length in its header; libsndfile shortens it without a word."""
    if data[:4] != b"RIFF":
        return False
    stated = int.from_bytes(data[4:8], "little")
    # Programs that write to a pipe leave 0 or the largest number.
    return stated not in (0, 0xFFFFFFFF) and stated + 8 > len(data) + 1


def _unreadable(kind: str, name: str, reason: object) -> DataError:
    return DataError(f"unreadable {kind}", file=name, got=reason, fix="replace the file or remove its row")
