"""The objects of a JSON file, one after the other, with the number of the row that each stands in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from modaxfer.data.names import tidy
from modaxfer.data.tables.quotes import whole_lines
from modaxfer.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from modaxfer.data.tables.encodings import TextFile

__all__ = ["Objects", "Record"]

Record = dict[str, Any]

_HALVES = re.compile("[\ud800-\udfff]")


class _TwiceError(Exception):
    """A key stands twice in one object."""


class Objects:
    """One pass through the objects of a file.

    Args:
        path: Name of the file, for messages.
        text: Its text.
    """

    def __init__(self, path: Path, text: TextFile) -> None:
        self._path, self._text = path, text
        self._names: dict[str, str] = {}
        self._halves = 0

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        """Yield the number of each row, its line or its place in a list, and the row."""
        if self._text.head(1024).lstrip().startswith("["):
            values = self._parsed(b"".join(self._text.blocks()), None)
            yield from ((number, self._row(value, number)) for number, value in enumerate(values, 1))
            return
        lines = (line for block in whole_lines(self._text.blocks()) for line in block.splitlines())
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, self._row(self._parsed(line, number), number)

    def require_rows(self, records: list[Record]) -> None:
        """Refuse one object that holds all rows: below a key, or column by column."""
        if len(records) != 1 or not records[0]:
            return
        values = list(records[0].values())
        lists = [name for name, value in records[0].items() if isinstance(value, list) and _are_rows(value)]
        if len(lists) == 1:
            raise DataError(
                "the file is one object, not rows", file=self._path, got=f"a list below the key {lists[0]!r}",
                fix="give that list alone",
            )  # fmt: skip
        if len(lists) > 1:
            raise DataError(
                "the file is one object, not rows", file=self._path, got=f"lists below the keys {', '.join(lists)}",
                fix="write each list to a file of its own, named as its split, such as train.json and test.json",
            )  # fmt: skip
        if (
            len(values) > 1
            and all(isinstance(value, dict) and set(value) == set(values[0]) for value in values)
            and (not _is_column(values[0], values[0]))
        ):
            raise DataError(
                "the file is one object, not rows", file=self._path,
                got=f"rows below the keys {', '.join(list(records[0])[:3])} ...",
                fix="give the rows as a list, with the key as a column if it says something",
            )  # fmt: skip
        if _are_columns(values):
            raise DataError(
                "the file is written column by column, not row by row", file=self._path,
                fix='write rows, with pandas: frame.to_json(PATH, orient="records", lines=True)',
            )  # fmt: skip

    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the file should be told, once it was read."""
        notes = []
        if self._halves:
            notes.append(f"halves of characters (lone surrogates) were replaced by \ufffd, in {self._halves} rows")
        if hidden := [name for was, name in self._names.items() if was.strip() != name]:
            notes.append(f"invisible or unusual characters were taken out of column names: {', '.join(hidden)}")
        return tuple(f"{self._path.name}: {note}" for note in notes)

    def _parsed(self, text: bytes, row: int | None) -> Any:
        where: dict[str, Any] = {"file": self._path, "row": row}
        try:
            value = json.loads(text, object_pairs_hook=_once)
        except json.JSONDecodeError as error:
            fix = "give one object a line" if row else "give a list of objects"
            raise DataError("not valid JSON", **where, got=str(error), fix=fix) from None
        except _TwiceError as error:
            raise DataError("a key stands twice in one object", **where, got=str(error), fix="keep one") from None
        except RecursionError:
            fix = "give flat rows, with the values that are needed"
            raise DataError("the objects are nested too deeply", **where, fix=fix) from None
        except ValueError as error:  # Python refuses whole numbers of thousands of digits.
            fix = "write it as a text or with an exponent"
            raise DataError(
                "a number has too many digits", **where, got=str(error).partition(":")[0], fix=fix
            ) from None
        if b"\\u" in text and _has_halves(value):
            self._halves += 1
            return _whole(value)
        return value

    def _row(self, value: Any, number: int) -> Record:
        if not isinstance(value, dict):
            raise DataError(
                "a row must be an object", file=self._path, row=number, got=type(value).__name__,
                fix='write rows as {"column": value, ...}',
            )  # fmt: skip
        row = {}
        for key, cell in value.items():
            name = self._names.get(key)
            if name is None:
                name = self._names[key] = tidy(key)
            if name in row:
                raise DataError(
                    "two columns have the same name", file=self._path, row=number, got=name, fix="rename one of them"
                )
            row[name] = cell
        return row


def _are_rows(values: list[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, dict) for value in values)


def _are_columns(values: list[Any]) -> bool:
    """Tell whether the values of one object are columns: objects by row number, lists alike in length, or a frame."""
    first = values[0]
    if isinstance(first, dict):
        return len(first) > 1 and all(_is_column(value, first) for value in values)
    lists = len(values) > 1 and all(isinstance(value, list) for value in values)
    # pandas' orient="split" has the names apart: fewer than rows.
    same = {len(value) for value in values} if lists else set()
    return lists and max(same) > 1 and (len(same) == 1 or any(map(_are_cells, values)))


def _are_cells(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, list) for value in values)


def _is_column(value: Any, first: Record) -> bool:
    return isinstance(value, dict) and value.keys() == first.keys() and all(key.isdecimal() for key in value)


def _once(pairs: list[tuple[str, Any]]) -> Record:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return made


def _has_halves(value: Any) -> bool:
    if isinstance(value, str):
        return _HALVES.search(value) is not None
    if isinstance(value, dict):
        return any(_HALVES.search(key) or _has_halves(part) for key, part in value.items())
    return isinstance(value, list) and any(map(_has_halves, value))


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALVES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(part) for key, part in value.items()}
    return list(map(_whole, value)) if isinstance(value, list) else value
