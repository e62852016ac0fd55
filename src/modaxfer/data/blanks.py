"""What stands in for a value that a row lacks, where a model can do without: a white picture, silence, no words."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.contracts import Row
    from modaxfer.spec import Field

__all__ = ["filled", "is_missing", "or_blank", "present"]

SIDE = 8
"""Pixels per side of a blank picture."""

RATE, SECONDS = 16_000, 0.1
"""Of a blank sound; rate in Hz."""


def is_missing(value: Any) -> bool:
    """Return whether `value` says nothing: None, an empty text or list, not a number, media without bytes or path."""
    if isinstance(value, dict):
        return not any(value.get(key) for key in ("bytes", "path"))
    if isinstance(value, list):
        return not value
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value))


def or_blank(value: Any, kind: str) -> Any:
    """Return `value`; where it is missing, the blank of signal `kind` (a table cell stays missing)."""
    return _blank(kind) if kind in ("image", "audio", "text") and is_missing(value) else value


@cache
def _blank(kind: str) -> Any:
    if kind == "text":
        return ""
    file = io.BytesIO()
    if kind == "image":
        from PIL import Image

        Image.new("RGB", (SIDE, SIDE), "white").save(file, "PNG")
    else:
        import soundfile

        soundfile.write(file, np.zeros(round(RATE * SECONDS), np.float32), RATE, format="WAV")
    return {"bytes": file.getvalue(), "path": None}


def present(rows: Sequence[Row], fields: Sequence[Field]) -> np.ndarray:
    """Return bool ``[rows]``: whether a row has a value in any of `fields`."""
    return np.array([any(not is_missing(row.get(field.name)) for field in fields) for row in rows])


def filled(rows: Sequence[Row], fields: Sequence[Field]) -> list[Row]:
    """Return rows that a bridge can read: a missing image is a white one, a missing sound silence, a text empty."""
    kinds = {field.name: field.signal.kind for field in fields}
    return [{**row, **{name: or_blank(row.get(name), kind) for name, kind in kinds.items()}} for row in rows]
