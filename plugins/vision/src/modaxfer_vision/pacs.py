"""PACS in one style: the rows of one value of ``domain``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from modaxfer.data import file_of, read_data, require_columns
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from modaxfer.data import Tables

__all__ = ["art", "cartoon", "photo", "sketch"]


def photo(folder: Path) -> Tables:
    """Return the photos in `folder`, split by split.

    Raises:
        DataError: There is no column ``domain``, or a split has no row of this style.
    """
    return _of("photo", folder)


def art(folder: Path) -> Tables:
    """Return the paintings in `folder`; see `photo`."""
    return _of("art", folder)


def cartoon(folder: Path) -> Tables:
    """Return the cartoons in `folder`; see `photo`."""
    return _of("cartoon", folder)


def sketch(folder: Path) -> Tables:
    """Return the sketches in `folder`; see `photo`."""
    return _of("sketch", folder)


def _of(domain: str, folder: Path) -> Tables:
    return {split: _rows(table, domain) for split, table in read_data(folder).items()}


def _rows(table: pa.Table, domain: str) -> pa.Table:
    require_columns(table, ["domain"])
    rows = table.filter(pc.equal(table.column("domain"), domain))
    if not rows.num_rows:
        raise DataError(
            "no row of this domain",
            file=file_of(table),
            column="domain",
            got=sorted(set(table.column("domain").to_pylist()) - {None}),
            allowed=domain,
            fix="name the domains photo, art, cartoon and sketch",
        )
    return rows
