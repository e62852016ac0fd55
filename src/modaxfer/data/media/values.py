"""What a cell may hold for an image or a sound: a path, bytes, ``{"bytes", "path"}``, or bytes written as text."""

from __future__ import annotations

import ast
import base64
import binascii
import hashlib
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote_to_bytes

from modaxfer.data.media.paths import find_file
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Encoded", "encoded", "refuse_nothing", "unreadable"]

_LONGEST_PATH = 4096
"""Characters; Linux takes no longer one."""

_SHORTEST_FILE = 64
"""Characters of base64 below which a text is a path: no picture or sound is that small."""

_OBJECT = re.compile(r"(image file )?<_io\.[^>]*>")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One encoded picture or sound, in memory or on disk."""

    name: str
    """For messages."""
    data: bytes | None = None
    path: Path | None = None

    def open(self) -> BinaryIO:
        """Open it for reading; the caller closes it.

        Raises:
            DataError: The file cannot be opened.
        """
        if self.path is None:
            return io.BytesIO(self.data or b"")
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _no_access(self.name, error) from None

    def size(self) -> int:
        """Return its length in bytes."""
        return self.path.stat().st_size if self.path is not None else len(self.data or b"")

    def digest(self) -> bytes:
        """Return 16 bytes that are equal for equal content."""
        with self.open() as stream:
            # Block by block: a long recording does not fit into memory.
            return hashlib.file_digest(cast("Any", stream), lambda: hashlib.blake2b(digest_size=16)).digest()


def encoded(value: Any, root: Path | None) -> Encoded:
    """Return what `value` holds.

    Args:
        value: A path below `root`, encoded bytes, ``{"bytes", "path"}`` of which one is set, base64 text or a ``data:``
            address.
        root: Folder that paths are resolved against and may not leave; None where the data brings no files.

    Raises:
        DataError: It is none of these, or names no file below `root`.
    """
    match value:
        case dict():
            return _from_struct(value, root)
        case bytes() | bytearray() | memoryview():
            return Encoded(name="bytes", data=bytes(value))
        case str() | os.PathLike():
            return _from_text(os.fspath(value), root)
        case _:
            got = type(value).__name__
            raise DataError("not a media value", got=got, allowed=("a path", "bytes", '{"bytes", "path"}', "base64"))


def refuse_nothing(kind: str, file: Encoded) -> None:
    """Refuse a file of no bytes, which decoders call by names of their own.

    Raises:
        DataError: It is one.
    """
    if (file.path is None or file.path.is_file()) and not file.size():
        raise unreadable(kind, file.name, "the file is empty: it has no bytes")


def unreadable(kind: str, name: str, reason: object, allowed: object = None) -> DataError:
    """Return the error for a file that no decoder takes."""
    # Decoders name the Python object that they read from.
    got = _OBJECT.sub("the file", str(reason)).rstrip(".") if isinstance(reason, Exception) else reason
    fix = "replace the file or remove its row"
    return DataError(f"unreadable {kind}", file=name, got=got, allowed=allowed, fix=fix)


def _from_struct(value: Mapping[str, Any], root: Path | None) -> Encoded:
    data, path = value.get("bytes"), value.get("path")
    if data is None or (not data and path):
        return encoded(path, root)
    name = str(path or "bytes")
    if isinstance(data, str):  # JSON has no bytes.
        data = _decoded(data)
    if not isinstance(data, bytes | bytearray | memoryview):
        raise DataError("the bytes of a media value are no bytes", file=name, fix="write them as base64")
    return Encoded(name=name, data=bytes(data))


def _from_text(text: str, root: Path | None) -> Encoded:
    if text[:5].lower() == "data:":
        return _written(text, _from_address(text), root)
    if text.startswith(("b'", 'b"', "{'")):
        return _written(text, _from_literal(text), root)
    if len(text) > _LONGEST_PATH:
        return _written(text, _decoded(text), root)
    try:
        return Encoded(name=text, path=find_file(text, root))
    except (DataError, OSError, ValueError) as error:
        # Base64 may look like a path, so files go first.
        if (data := _decoded(text)) is not None:
            return _written(text, data, root)
        raise error if isinstance(error, DataError) else _no_access(text, error) from None


def _written(text: str, value: Any, root: Path | None) -> Encoded:
    """Return what was found to be written in `text`; None means nothing."""
    name = f"text of {len(text)} characters, {text[:16]}..."
    if isinstance(value, dict):
        return _from_struct(value, root)
    if value is None:
        raise DataError(
            "the text is neither a path nor a file written as base64", file=name, fix="give paths, bytes or base64"
        )
    return Encoded(name=name, data=value)


def _from_address(text: str) -> bytes | None:
    head, _, body = text.partition(",")
    return (
        _decoded(unquote_to_bytes(body).decode("latin-1"), 0) if ";base64" in head.lower() else unquote_to_bytes(body)
    )


def _from_literal(text: str) -> Any:
    """Return what Python code for bytes or a struct of bytes says: so pandas writes them into a csv."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if isinstance(value, bytes):
        return _decoded(value.decode("latin-1")) or value
    return value if isinstance(value, dict) else None


def _decoded(text: str, shortest: int = _SHORTEST_FILE) -> bytes | None:
    """Return the bytes that `text` is the base64 of, in either alphabet; None where it is not."""
    compact = "".join(text.split())
    if len(compact) < shortest or not _BASE64.fullmatch(compact):
        return None
    plain = compact.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return None


def _no_access(name: str, error: Exception) -> DataError:
    return DataError("cannot read the media file", file=name, got=getattr(error, "strerror", None) or error)
