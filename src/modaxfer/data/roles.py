"""What the columns of rows in memory hold, where nobody says it: told from the first values of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any

import numpy as np

from modaxfer.data.values import is_media_struct, media_name

__all__ = ["ROLES", "role_of", "roles_of"]

ROLES = ("text", "image", "audio", "number")
"""Settings that name columns: what a column can be taken for."""

_LOOKED_AT = 200
"""Values of a column that are looked at, from its beginning."""

_SENTENCE = 3
"""Words from which on a value is a text; columns of fewer hold categories."""

_SUFFIXES = {
    "image": (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm"),
    "audio": (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".opus"),
}


def roles_of(columns: Mapping[str, Sequence[Any]]) -> dict[str, tuple[str, ...]]:
    """Return the names of `columns` by role, those without a column left out.

    A single column of strings is text; among others one is text where a value of it has three words, else categories of
    a table.
    """
    found: dict[str, list[str]] = {}
    for name, values in columns.items():
        found.setdefault(role_of(values, alone=len(columns) == 1), []).append(name)
    return {role: tuple(found[role]) for role in ROLES if role in found}


def role_of(values: Sequence[Any], *, alone: bool = False) -> str:
    """Return which of `ROLES` a column is.

    Args:
        values: Of the column; missing ones say nothing.
        alone: Whether it is the only one, whose strings are texts however short they are.
    """
    first = list(islice((value for value in values if not _is_gap(value)), _LOOKED_AT))
    kinds = {_kind(value) for value in first}
    media = [kind for kind in ("image", "audio") if kind in kinds]
    if media and not kinds & {"text", "number"}:
        return media[0]
    if "text" not in kinds:
        return "number"
    texts = [value for value in first if isinstance(value, str)]
    return "text" if alone or any(len(text.split()) >= _SENTENCE for text in texts) else "number"


def _kind(value: Any) -> str:
    if isinstance(value, str | os.PathLike):
        return _by_name(os.fspath(value)) or ("text" if isinstance(value, str) else "image")
    if hasattr(value, "getbands"):
        return "image"
    if is_media_struct(value):
        inner = value.get("array")
        return _kind(inner) if inner is not None else _by_name(media_name(value) or "") or "image"
    if isinstance(value, bytes | bytearray | memoryview):
        return "audio" if bytes(value[:4]) in (b"RIFF", b"fLaC", b"OggS") else "image"
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int | np.integer):
        return "audio"
    if isinstance(value, list | tuple) or np.ndim(value):
        return "audio" if np.ndim(value) == 1 else "image"
    return "number"


def _by_name(path: str) -> str:
    suffix = PurePath(path[-16:]).suffix.lower()
    return next((kind for kind, endings in _SUFFIXES.items() if suffix in endings), "")


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
