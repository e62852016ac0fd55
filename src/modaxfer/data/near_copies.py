"""Rows that are equal but for how they are written: letter case, spaces, punctuation, forms of Unicode."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modaxfer.data.rows import Rows
    from modaxfer.spec import Field

__all__ = ["count_near_copies", "near_copies", "plain_text"]


class _Plain(dict[int, str]):
    """By code point what a character is compared as: punctuation, spaces and control characters are a space.

    Letters keep their marks, without which words of many scripts would be equal, and symbols stay: an emoji says
    something.
    """

    def __missing__(self, point: int) -> str:
        character = chr(point)
        self[point] = " " if unicodedata.category(character)[0] in "PZC" else character
        return self[point]


_PLAIN = _Plain()


def plain_text(text: str) -> str:
    """Return `text` in compatibility form (NFKC) and folded case, its words parted by single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN).split())


def count_near_copies(rows: Rows, known: Rows, fields: Sequence[Field]) -> int:
    """Count `rows` that equal one of `known` but for how texts are written; equal inputs are not counted.

    Numbers, images and sounds have to be equal; a row whose texts hold nothing but punctuation is nobody's copy.

    Args:
        rows: Of one split, with digests.
        known: Of another.
        fields: Input fields.
    """
    return int(near_copies(rows, known, fields).sum())


def near_copies(rows: Rows, known: Rows, fields: Sequence[Field]) -> np.ndarray:
    """Return bool ``[rows]``: which are counted by `count_near_copies`, of the same arguments."""
    names = [field.name for field in fields if field.name not in rows.media]
    texts = [name for name in names if all(_holds_text(each.table.column(name)) for each in (rows, known))]
    if not texts:
        return np.zeros(len(rows), bool)
    equal = set(known.digests)
    near = {key for key in _keys(known, fields, texts) if key is not None}
    pairs = zip(_keys(rows, fields, texts), rows.digests, strict=True)
    return np.array([key in near and digest not in equal for key, digest in pairs], bool)


def _keys(rows: Rows, fields: Sequence[Field], texts: Sequence[str]) -> list[bytes | None]:
    columns = [
        [plain_text(value or "") for value in rows.table.column(field.name).to_pylist()]
        if field.name in texts
        else list(map(repr, rows.media.get(field.name) or rows.table.column(field.name).to_pylist()))
        for field in fields
    ]
    places = [place for place, field in enumerate(fields) if field.name in texts]
    return [
        blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if any(row[place] for place in places)
        else None
        for row in zip(*columns, strict=True)
    ]


def _holds_text(column: pa.ChunkedArray) -> bool:
    kind = column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
