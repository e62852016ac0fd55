"""From the body of a request to rows: JSON, checked in the house's words; no path of this machine is ever read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from modaxfer.errors import DataError, close_matches

__all__ = ["MEDIA", "MOST_ROWS", "read_rows"]

MEDIA = ("image", "audio")

MOST_ROWS = 256
"""Of one request."""

EXAMPLE = '{"rows": [{"COLUMN": "value"}]}'


def read_rows(body: bytes, columns: Mapping[str, str], *, partial: bool) -> list[dict[str, Any]]:
    """Return the rows of a request.

    Args:
        body: JSON: a mapping with ``rows``, a list of mappings; of a model of one column also of values. Pictures and
            sounds are base64, with or without ``data:...;base64,`` in front.
        columns: Kind of each column that the model reads, by name.
        partial: Whether it can do without some.

    Raises:
        DataError: It is something else, and what.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError("the body is not JSON", got=error, allowed=EXAMPLE, fix="send JSON as UTF-8") from None
    rows = told.get("rows") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not rows:
        got = list(told) if isinstance(told, dict) else type(told).__name__
        raise DataError("the body has no rows", got=got, allowed=EXAMPLE, fix="name the list of rows 'rows'")
    if len(rows) > MOST_ROWS:
        raise DataError("too many rows", got=len(rows), allowed=f"up to {MOST_ROWS}", fix="send several requests")
    return [_row(row, number, columns, partial=partial) for number, row in enumerate(rows, 1)]


def _row(row: Any, number: int, columns: Mapping[str, str], *, partial: bool) -> dict[str, Any]:
    if not isinstance(row, dict):
        if len(columns) > 1:
            raise DataError("a row is no mapping", row=number, got=type(row).__name__, allowed=list(columns),
                            fix="give each row as a mapping of column to value")  # fmt: skip
        row = {next(iter(columns)): row}
    unknown = [name for name in row if name not in columns]
    absent = [name for name in columns if name not in row]
    if unknown or (absent and (not partial or len(absent) == len(columns))):
        close = [match for name in unknown for match in close_matches(name, list(columns), 1)]
        fix = f"did you mean {' or '.join(close)}?" if close else "name them so"
        what, allowed = "a row has other columns than the model reads", list(columns)
        raise DataError(what, row=number, got=list(row), allowed=allowed, fix=fix)
    return {name: _value(row.get(name), name, kind, number) for name, kind in columns.items()}


def _value(value: Any, column: str, kind: str, number: int) -> Any:
    if value is None:
        return None
    if kind == "words":
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return value
        raise _wrong(value, column, number, "a list of words")
    if not isinstance(value, str | int | float | bool) or (kind != "table" and not isinstance(value, str)):
        raise _wrong(value, column, number, "a text or a number" if kind == "table" else f"{kind} as a string")
    return _decoded(str(value), column, kind, number) if kind in MEDIA else value


def _decoded(value: str, column: str, kind: str, number: int) -> bytes:
    front, _, rest = value.partition("base64,")
    try:
        return base64.b64decode(rest if front.startswith("data:") else value, validate=True)
    except (binascii.Error, ValueError):
        raise DataError(
            f"the {kind} is not base64",
            row=number,
            column=column,
            got=repr(value[:40]),
            allowed="the file's bytes as base64",
            fix="encode the file; paths are not read, and addresses not fetched",
        ) from None


def _wrong(value: Any, column: str, number: int, allowed: str) -> DataError:
    got: str | Sequence[Any] = type(value).__name__
    return DataError("a value is of the wrong kind", row=number, column=column, got=got, allowed=allowed)
