"""Digests of what a model sees, independent of paths, file formats and row numbers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from modaxfer.contracts import Label
    from modaxfer.spec import Field

__all__ = ["fingerprint", "row_digests"]


_BLOCK = 1 << 16
"""Rows that become Python objects together."""


def row_digests(table: pa.Table, fields: Sequence[Field], media: Mapping[str, Sequence[bytes | str]]) -> list[bytes]:
    """Return 16 bytes per row that are equal for rows with equal inputs.

    Args:
        table: Conformed rows.
        fields: Input fields, in order.
        media: By media field, a digest of each row's encoded bytes; other fields are taken from `table`.
    """
    digests: list[bytes] = []
    # In blocks: as Python objects all texts at once would take twice the memory that they take in the table.
    for start in range(0, table.num_rows, _BLOCK):
        columns = (
            media[field.name][start : start + _BLOCK]
            if field.name in media
            else table.column(field.name).slice(start, _BLOCK).to_pylist()
            for field in fields
        )
        rows = zip(*columns, strict=True)
        digests += [
            hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest() for row in rows
        ]
    return digests


def fingerprint(fields: Sequence[Field], splits: Mapping[str, tuple[Sequence[bytes], Sequence[Label]]]) -> str:
    """Return the SHA-256 (64 hex digits) of field names and kinds, and of every split's inputs and labels in order."""
    digest = hashlib.sha256(repr([(field.name, field.signal.kind) for field in fields]).encode())
    for split, (inputs, labels) in splits.items():
        digest.update(f"{split}:{len(inputs)}".encode())
        for row, label in zip(inputs, labels, strict=True):
            digest.update(row + repr(label).encode())
    return digest.hexdigest()
