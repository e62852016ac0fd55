"""How a delimited text is laid out: what stands between cells, which line names the columns, what comes before it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from modaxfer.data.names import tidy
from modaxfer.data.tables.quotes import cells
from modaxfer.errors import DataError

__all__ = ["Dialect", "find_dialect"]

_DELIMITERS = (",", ";", "\t", "|")
_SAID = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "upright bars"}
_SAMPLE = 1000
"""Lines that are looked at."""

_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_DECIMAL = re.compile(r"[-+]?\d*[.,]\d+")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The layout of one file."""

    delimiter: str
    names: tuple[str, ...]
    """Column names, tidy; an empty one for a column without a name."""
    written: tuple[str, ...]
    """The names as they are written."""
    skipped: int
    """Lines up to and with the header."""
    sample: tuple[str, ...]
    """The first lines below the header."""
    comments: bool
    """Whether lines that begin with ``#`` stand before the header."""
    notes: tuple[str, ...]


def find_dialect(file: str, head: str, delimiter: str) -> Dialect:
    """Look at the first lines of a delimited text.

    Before the header may stand blank lines, lines of comment that begin with ``#``, and Excel's ``sep=;``. Where the
    header has no `delimiter` and another mark parts it and the rows alike, that is taken, and noted.

    Args:
        file: Name of the file, for messages.
        head: Its first lines.
        delimiter: What the file's extension says.

    Raises:
        DataError: There is no text, two columns have one name, or the first line looks like a row.
    """
    lines = head.split("\n")
    if not head.strip():
        raise DataError("the data file is empty", file=file, fix="give a header line and rows")
    start = _first(lines, 0)
    if match := _SEP.fullmatch(lines[start].strip("\r")):
        delimiter, start = match[1], _first(lines, start + 1)
        found = delimiter
    else:
        found = _delimiter([line for line in lines[start : start + _SAMPLE] if not line.startswith("#")], delimiter)
    header = _header(lines, start, found)
    written, end = _names(lines, header, found)
    sample = tuple(line for line in lines[end : end + _SAMPLE] if line.strip())
    names = [tidy(name) for name in written]
    _require_width(file, lines[header], names, [line for line in sample if not line.startswith("#")], found)
    _require_header(file, names, [cells(line, found) for line in sample])
    comments = sum(line.startswith("#") for line in lines[start:header])
    return Dialect(
        delimiter=found, names=_padded(names, sample, found), written=tuple(written), skipped=end, sample=sample,
        comments=comments > 0, notes=_notes(file, delimiter, found, comments, written),
    )  # fmt: skip


def _first(lines: list[str], start: int) -> int:
    return next((at for at in range(start, len(lines)) if lines[at].strip()), start)


def _delimiter(lines: list[str], own: str) -> str:
    """Return the mark that parts the header into two cells or more and the lines below into as many."""
    shares: dict[str, float] = {}
    for mark in (own, *_DELIMITERS):
        names, *rows = [cells(line, mark) for line in lines if line.strip()] or [[]]
        if len(names) > 1:
            shares[mark] = sum(len(row) == len(names) for row in rows) / len(rows) if rows else 1.0
        if any(name.startswith('"') for name in names):  # A mark inside of a quoted name parts nothing.
            shares[mark] = 0.0
    if not shares:
        return own
    best = max(shares, key=lambda mark: (shares[mark], mark == own))
    return own if shares.get(own, 0.0) > 0.8 or shares[best] < 0.5 <= shares.get(own, 0.5) else best


def _header(lines: list[str], start: int, delimiter: str) -> int:
    """Return the place of the header: lines of comment before it are passed over."""
    at = start
    while at < len(lines) and (not lines[at].strip() or lines[at].startswith("#")):
        below = next((line for line in lines[at + 1 :] if line.strip() and not line.startswith("#")), "")
        alike = len(cells(lines[at], delimiter)) == len(cells(below, delimiter)) > 1
        if lines[at].startswith("#") and alike and not lines[at].startswith("# "):
            break
        at += 1
    return at if at < len(lines) else start


def _names(lines: list[str], at: int, delimiter: str) -> tuple[list[str], int]:
    """Return the names that line `at` and, where a quoted name goes on, those below it hold; and where rows begin."""
    for end in range(at + 1, min(at + 20, len(lines)) + 1):
        text = "\n".join(lines[at:end])
        if text.count('"') % 2 == 0:
            return cells(text, delimiter), end
    return cells(lines[at], delimiter), at + 1


def _require_width(file: str, header: str, names: list[str], rows: list[str], delimiter: str) -> None:
    """Refuse a title above the header, and a header that lacks the name of the first column, as R leaves it out."""
    for mark in (delimiter, *_DELIMITERS) if len(names) == 1 and len(rows) > 1 else ():
        (width, count), *_ = Counter(len(cells(line, mark)) for line in rows).most_common(1)
        if width > 1 and count > 0.8 * len(rows) and len(cells(header, mark)) == 1:
            raise DataError(
                f"the first line has one cell, the lines below it have {width}", file=file, got=header[:80].strip(),
                fix="take away what stands above the line with the names, or begin each such line with #",
            )  # fmt: skip
    found = [cells(line, delimiter) for line in rows]
    if len(found) > 1 and all(len(row) == len(names) + 1 and row[-1] for row in found):
        raise DataError(
            f"every row has {len(names) + 1} cells, the header {len(names)}", file=file, got=header[:80].strip(),
            fix=f"name every column; if the first numbers the rows, as R does, begin the header with {delimiter!r}",
        )  # fmt: skip


def _require_header(file: str, names: list[str], rows: list[list[str]]) -> None:
    if twice := sorted(name for name, count in Counter(filter(None, names)).items() if count > 1):
        raise DataError("two columns have the same name", file=file, got=twice, fix="rename one of them")
    columns = [Counter(row[place] for row in rows if len(row) == len(names)) for place in range(len(names))]
    solid = [row for row in rows if any(row)]
    others = [sum(bool(row[place : place + 1] and row[place]) for row in solid) for place in range(1, len(names))]
    if len(solid) > 1 and others and names[0] and not any(names[1:]) and min(others) > 0.8 * len(solid):
        raise DataError(
            "the first line names only the first column, the others hold cells", file=file, got=names[0],
            fix="if it is a title, take away what stands above the line with the names; else name every column",
        )  # fmt: skip
    alike = [
        name
        for name, values in zip(names, columns, strict=True)
        if name
        and ((values[name] > 2 and not name.isdecimal()) or (_DECIMAL.fullmatch(name) and all(map(_is_number, values))))
    ]
    if alike:
        raise DataError(
            "the first line looks like a row, not like the names of the columns", file=file, got=names,
            fix=f"add a line with names above it; if {alike[0]!r} really is a name, rename that column",
        )  # fmt: skip


def _is_number(text: str) -> bool:
    return bool(_DECIMAL.fullmatch(text.strip()) or text.strip().lstrip("+-").isdecimal())


def _padded(names: list[str], sample: tuple[str, ...], delimiter: str) -> tuple[str, ...]:
    """Return `names` with one without letters for each empty cell by which every row is longer than the header."""
    rows = [cells(line, delimiter) for line in sample]
    widths = {len(row) for row in rows}
    if len(widths) != 1 or max(widths) <= len(names) or any(any(row[len(names) :]) for row in rows):
        return tuple(names)
    return (*names, *[""] * (max(widths) - len(names)))


def _notes(file: str, delimiter: str, found: str, comments: int, written: list[str]) -> tuple[str, ...]:
    name = file.rpartition("/")[2]
    notes = []
    if found != delimiter:
        notes.append(f"{name}: cells are parted by {_SAID.get(found, found)}, not by {_SAID[delimiter]}")
    if comments:
        notes.append(f"{name}: lines of comment before the header that were left out: {comments}")
    hidden = [tidy(was) for was in written if " ".join(was.split(" ")).strip(" \r\n\t") != tidy(was) and tidy(was)]
    if hidden:
        notes.append(f"{name}: invisible or unusual characters were taken out of column names: {', '.join(hidden)}")
    return tuple(notes)
