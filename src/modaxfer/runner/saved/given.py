"""Rows that a user hands over to be predicted, in whatever form they come."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modaxfer.data.files import EXTENSIONS, read_table
from modaxfer.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from modaxfer.runner.saved.model import SavedModel

__all__ = ["as_table", "read_input"]


def as_table(data: Any) -> tuple[pa.Table, Path | None]:
    """Return rows given in any of the usual forms, with the folder their media lie in.

    Args:
        data: A file; one mapping or a sequence of mappings, in which a column that a row leaves out is empty; or any
            table that speaks Arrow's C stream: a pandas or polars data frame, a `pyarrow.Table`.

    Raises:
        DataError: They are none of these, or a column holds values that no column can hold together.
    """
    import pyarrow as pa

    if isinstance(data, str | Path):
        return read_table(Path(data)), Path(data).resolve().parent
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data), Path.cwd()
    rows = [data] if isinstance(data, Mapping) else data
    if isinstance(rows, Sequence) and rows and all(isinstance(row, Mapping) for row in rows):
        return pa.table({name: _column(name, rows) for name in dict.fromkeys(chain(*rows))}), Path.cwd()
    raise DataError(
        "cannot read rows to predict",
        got=type(data).__name__,
        allowed="a file, a mapping of column to value, a sequence of such mappings, or a data frame",
    )


def _column(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.array([row.get(name) for row in rows])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError("no column can hold these values", column=name, got=error) from error


def read_input(data: Path | str, saved: SavedModel, *, piped: bool = False) -> tuple[pa.Table, Path | None]:
    """Return the rows that a user names on the command line, with the folder their media lie in.

    Args:
        data: A table file; one image or sound, for a model that reads one; or, where `piped`, text: JSON lines where
            the first character is a brace, else csv with a header.
        saved: The model; it says what it reads.
        piped: Whether `data` is the text itself.

    Raises:
        DataError: There are no rows, or they do not parse.
    """
    import pyarrow as pa

    if piped:
        return _read_text(str(data)), Path.cwd()
    path = Path(data)
    fields = saved.input_fields()
    if (
        len(fields) == 1
        and fields[0].signal.kind in ("image", "audio")
        and path.suffix.lstrip(".").lower() not in EXTENSIONS
    ):
        return pa.table({fields[0].name: [path.name]}), path.resolve().parent
    return read_table(path), path.resolve().parent


def _read_text(text: str) -> pa.Table:
    if not text.strip():
        raise DataError("standard input is empty", fix="pipe csv with a header, or JSON lines")
    suffix = ".jsonl" if text.lstrip().startswith("{") else ".csv"
    with tempfile.TemporaryDirectory(prefix="modaxfer-") as scratch:
        path = Path(scratch) / f"standard-input{suffix}"
        path.write_text(text, encoding="utf-8")
        return read_table(path)
