"""Images and sounds as Python holds them, brought into the form that data files have: a path, or encoded bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from modaxfer.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

    from modaxfer.contracts import Row

__all__ = ["ASSUMED_RATE", "absolute", "as_media", "is_media_struct", "leads_out", "media_name"]

ASSUMED_RATE = 16_000
"""Samples per second (Hz) of a bare array of samples, for which nobody has named a rate."""

_STRUCT = {"bytes", "path", "array", "sampling_rate"}
"""Keys of a media value that is a mapping, as `datasets` writes them."""

_CHANNELS = (1, 3, 4)


def as_media(value: Any, kind: str, place: Mapping[str, Any]) -> Any:
    """Return `value` as a path (str), as ``{"bytes", "path"}``, or None where it is missing.

    Args:
        value: A path, encoded bytes, a mapping as `datasets` makes it, a `PIL.Image.Image`, an array (image: ``[height,
            width]``, ``[height, width, channels]`` or channels first; sound: ``[frames]`` or ``[frames, channels]``),
            or a pair of samples and rate in Hz.
        kind: ``image`` or ``audio``.
        place: ``row`` and ``column``, for messages.

    Raises:
        DataError: It is none of these, or its numbers are not in the range of pixels or samples.
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, str | os.PathLike):
        return os.fspath(value) or None
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value), "path": None}
    if isinstance(value, Mapping) and is_media_struct(value):
        return _from_struct(value, kind, place)
    if kind == "image" and _is_picture(value):
        return _from_picture(value, place)
    if kind == "audio" and isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int | np.integer):
        return _from_samples(_array(value[0], place), int(value[1]), place)
    array = _array(value, place)
    return _from_pixels(array, place) if kind == "image" else _from_samples(array, ASSUMED_RATE, place)


def is_media_struct(value: Any) -> bool:
    """Tell whether `value` is a mapping that holds one image or sound, not a row."""
    return isinstance(value, Mapping) and set(value) <= _STRUCT and bool({"bytes", "path", "array"} & set(value))


def media_name(value: Any) -> str | None:
    """Return the file name that a media value carries; None where it has none."""
    if isinstance(value, Mapping):
        value = value.get("path")
    elif _is_picture(value):
        value = getattr(value, "filename", None)
    return os.fspath(value) or None if isinstance(value, str | os.PathLike) else None


def absolute(given: str) -> str:
    """Return an absolute path where there is such a file; else what was given, which may be an address or base64."""
    for text in (given, given.replace("\\", "/")):
        try:
            if (path := Path(text).expanduser()).exists():
                return os.path.abspath(path)
        except (OSError, ValueError, RuntimeError):  # too long for a path, a zero byte in it, ~ of nobody
            return given
    return given


def leads_out(given: str) -> bool:
    """Tell whether a path may lead out of the working directory."""
    plain = given[:4096].replace("\\", "/")
    return plain.startswith(("/", "~", "file:", "FILE:")) or plain[1:3] == ":/" or ".." in plain.split("/")


def _from_struct(value: Row, kind: str, place: Mapping[str, Any]) -> Any:
    if value.get("bytes") is not None:
        return {"bytes": bytes(value["bytes"]), "path": media_name(value)}
    if value.get("array") is not None:
        array, rate = _array(value["array"], place), value.get("sampling_rate") or ASSUMED_RATE
        return _from_pixels(array, place) if kind == "image" else _from_samples(array, int(rate), place)
    return as_media(value.get("path"), kind, place)


def _is_picture(value: Any) -> bool:
    return hasattr(value, "getbands") and hasattr(value, "save")


def _from_picture(image: Image.Image, place: Mapping[str, Any]) -> Any:
    from PIL import ImageOps

    name = media_name(image)
    try:
        # What lies in the file is turned when it is read; what is in memory has lost the note that says so.
        return {"bytes": _encoded(ImageOps.exif_transpose(image)), "path": name}
    except Exception as error:  # Pillow opens lazily: only here does it find out that a file is cut off.
        if name is not None:
            return name
        raise DataError("unreadable image", **place, got=error, fix="replace it or remove its row") from error


def _encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    if image.mode in ("F", "CMYK", "YCbCr", "LAB"):
        image.save(file, "TIFF")
    else:
        (image.convert("RGB") if image.mode in ("HSV", "RGBa", "La", "RGBX") else image).save(file, "PNG")
    return file.getvalue()


def _array(value: Any, place: Mapping[str, Any]) -> np.ndarray:
    if hasattr(value, "detach"):  # a torch tensor, perhaps on another device
        value = value.detach().cpu()
    usable = hasattr(value, "__array__") or (isinstance(value, Sequence) and not isinstance(value, str))
    try:
        array = np.asarray(value) if usable else None
    except (TypeError, ValueError):
        array = None
    if array is None or array.dtype.kind not in "biuf" or not array.size:
        raise DataError(
            "not a media value", **place, got=type(value).__name__,
            allowed=("a path", "bytes", "an array of numbers", "a PIL image", "samples with their rate"),
        )  # fmt: skip
    return array


def _from_pixels(array: np.ndarray, place: Mapping[str, Any]) -> Any:
    from PIL import Image

    if array.ndim == 3 and array.shape[-1] not in _CHANNELS and array.shape[0] in _CHANNELS:
        array = np.moveaxis(array, 0, -1)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[-1] not in _CHANNELS):
        allowed = ("[height, width]", "[height, width, channels]", "[channels, height, width]")
        raise DataError("not the shape of an image", **place, got=list(array.shape), allowed=allowed)
    pixels = _bytes_of(array, place)
    return {"bytes": _encoded(Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)), "path": None}


def _bytes_of(array: np.ndarray, place: Mapping[str, Any]) -> np.ndarray:
    """Return uint8 pixels: bytes as they are, 16 bits divided, truth values and floats 0 ... 1 stretched."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:
        return (array / 257).round().astype(np.uint8)
    low, high = float(np.min(array)), float(np.max(array))
    largest = 1 if array.dtype.kind == "b" or (array.dtype.kind == "f" and high <= 1) else 255
    if not 0 <= low <= high <= largest:
        raise DataError(
            "not the numbers of an image", **place, got=f"{array.dtype} from {low:g} to {high:g}",
            allowed=("0 to 255", "floats from 0 to 1", "16 bits"), fix="undo what scaled them",
        )  # fmt: skip
    return (array * (255 / largest)).round().astype(np.uint8)


def _from_samples(array: np.ndarray, rate: int, place: Mapping[str, Any]) -> Any:
    import soundfile

    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        array = array.T  # channels first
    if array.ndim not in (1, 2) or rate <= 0:
        got = f"shape {list(array.shape)}, {rate} Hz"
        raise DataError("not samples of a sound", **place, got=got, allowed=("[frames]", "[frames, channels]"))
    if array.dtype.kind in "iu":
        array = array / (np.iinfo(array.dtype).max + 1)
    file = io.BytesIO()
    soundfile.write(file, array.astype(np.float32), rate, format="WAV", subtype="FLOAT")
    return {"bytes": file.getvalue(), "path": None}
