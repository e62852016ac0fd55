"""Readers of folders whose rows need more than reading: one domain of several, the review that a sentence is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data import read_data
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["amazon_books", "amazon_dvd", "amazon_electronics", "amazon_kitchen", "vader_products"]


def amazon_books(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder` on books, by split."""
    return _domain(folder, "books")


def amazon_dvd(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder` on DVDs, by split."""
    return _domain(folder, "dvd")


def amazon_electronics(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder` on electronics, by split."""
    return _domain(folder, "electronics")


def amazon_kitchen(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder` on kitchen things, by split."""
    return _domain(folder, "kitchen")


def vader_products(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder`, by split, with one more column: ``review``, the part of ``id`` before ``_``.

    Raises:
        DataError: There is no column ``id``.
    """
    return {split: _with_review(folder, table) for split, table in read_data(folder).items()}


def _domain(folder: Path, domain: str) -> dict[str, pa.Table]:
    tables = read_data(folder)
    found: dict[str, pa.Table] = {}
    for split, table in tables.items():
        _require(folder, table, "domain", "the domain of each review")
        rows = table.filter(pc.equal(table.column("domain"), domain))
        if not rows.num_rows:
            allowed = sorted(filter(None, table.column("domain").unique().to_pylist()))
            raise DataError(f"split {split} has no row of this domain", file=folder, got=domain, allowed=allowed)
        found[split] = rows
    return found


def _with_review(folder: Path, table: pa.Table) -> pa.Table:
    _require(folder, table, "id", "review and sentence, as in 21_4")
    reviews = [None if name is None else name.partition("_")[0] for name in table.column("id").to_pylist()]
    return table.append_column("review", pa.array(reviews, pa.string()))


def _require(folder: Path, table: pa.Table, column: str, meaning: str) -> None:
    if column not in table.column_names:
        raise DataError(
            f"no column {column!r}", file=folder, got=table.column_names, allowed=column, fix=f"add it: {meaning}"
        )
