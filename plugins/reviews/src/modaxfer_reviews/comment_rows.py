"""Reads comments with labels as they were published: rows to be submitted, and their labels in a file of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from modaxfer.data import read_data
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read"]


def read(folder: Path) -> dict[str, pa.Table]:
    """Return the rows of `folder` by split.

    Where ``test_labels.csv`` lies beside ``train.csv`` and ``test.csv`` its labels are joined to the test rows by
    ``id``; rows with labels of -1, which were never scored, are left out. Any other folder is read as ``--data`` does.

    Raises:
        DataError: A file lacks the column ``id``, or no test row has labels.
    """
    if not (folder / "test_labels.csv").is_file():
        return dict(read_data(folder))
    train, test, labels = (_table(folder / f"{name}.csv") for name in ("train", "test", "test_labels"))
    columns = [name for name in labels.column_names if name != "id"]
    scored = labels.filter(pc.greater_equal(labels.column(columns[0]), 0)) if columns else labels.slice(0, 0)
    joined = test.join(scored, "id", join_type="inner").sort_by("id")
    if not joined.num_rows:
        raise DataError(
            "no test row has labels", file=folder / "test_labels.csv", fix="give the file that belongs to test.csv"
        )
    return {"train": train, "test": joined.combine_chunks()}


def _table(file: Path) -> pa.Table:
    if not file.is_file():
        raise DataError("test_labels.csv stands without it", file=file, fix="put train.csv and test.csv beside it")
    table = pa.csv.read_csv(file, parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    if "id" not in table.column_names:
        raise DataError("no column 'id'", file=file, got=table.column_names, fix="give the files as published")
    return table
