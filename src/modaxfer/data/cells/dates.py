"""Dates and times: how a column writes them, and the numbers that a model reads of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells.numerals import ENOUGH, MOSTLY, is_missing_text, is_text_type

__all__ = [
    "COMPACT",
    "ISO",
    "PARTS",
    "TYPED",
    "are_compact",
    "find_format",
    "first_of",
    "instants",
    "look_dated",
    "part_of",
]

PARTS = ("year", "month", "day", "weekday", "elapsed days", "hour")
"""Numbers made of a date: weekday 0 is Monday; elapsed days since the first training date; hour with fraction."""

ISO = "ISO 8601"
"""``2024-01-31``, with or without a time."""
TYPED = "typed"
"""Format of a column that holds dates by its type."""

COMPACT = "%Y%m%d"
"""Eight digits, ``20240131``."""

_ISO_CELL = re.compile(r"\d{4}-\d{1,2}(-\d{1,2}([ T]\d{1,2}:\d{2}.*)?)?")
_DATE_CELL = re.compile(r"\d{1,4}[-/. ]\s?\w{1,9}[-/., ]\s?\s?\d{1,4}\b.*|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}\b.*")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d/%m/%y", "%d-%m-%y", "%d %m %Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y", "%m-%d-%y", "%m %d %Y")
_PLAIN = ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d, %Y",
          "%b %d %Y")  # fmt: skip
_MONTH = re.compile(r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?")
_WEEKDAY = re.compile(r"(?i)^(mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(day)?\.?,?\s+")
_UTC = re.compile(r"\s?(UTC|GMT)$")
_PART_OF_DATE = re.compile(r"\d{1,2}[-/.]\d{4}|[^\W\d]{3,9}\.?[-/ ']\s?\d{2}(\d{2})?|\d{4}[-/ ]?[QW]\d{1,2}")
"""Months, quarters and weeks: 01/2024, Jan-24, 2024-Q1."""
_TIMES = ("", " %H:%M:%S", " %H:%M", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", ", %H:%M", ", %H:%M:%S", " %H:%M:%S.%f",
          " %H:%M:%S %z")  # fmt: skip
_FEWEST = 10
_SAMPLE = 300
"""Distinct cells that formats are tried on."""


def find_format(present: pa.ChunkedArray) -> str | None:
    """Find out how the text cells `present`, none of them missing, write dates.

    Returns:
        ``ISO 8601`` or a pattern of `datetime.strptime`; None where the cells are no dates; an empty string where they
        are, but nothing says which number is the day and which the month.
    """
    if not len(present):
        return None
    pairs = present.value_counts().slice(0, _SAMPLE).to_pylist()
    sample = {_WEEKDAY.sub("", str(pair["values"]).strip()): int(pair["counts"]) for pair in pairs}
    for kind, cell in ((ISO, _ISO_CELL), (None, _DATE_CELL)):
        like = [text for text in sample if cell.fullmatch(text)]
        if sum(sample[text] for text in like) >= ENOUGH * sum(sample.values()):
            return _checked(present, [kind] if kind else _tried(like))
    return None


def look_dated(present: pa.ChunkedArray) -> bool:
    """Tell whether most of the text cells `present` look like dates or months, whatever the format."""
    sample = [_WEEKDAY.sub("", str(cell).strip()) for cell in present.unique().slice(0, _SAMPLE).to_pylist()]
    like = [text for text in sample if any(one.fullmatch(text) for one in (_ISO_CELL, _DATE_CELL, _PART_OF_DATE))]
    return len(sample) >= _FEWEST and len(like) >= MOSTLY * len(sample) and len(set(map(_digits, like))) > 1


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def are_compact(column: pa.ChunkedArray) -> bool:
    """Tell whether `column` holds dates as eight digits: all a day between 1900 and 2099, ten different ones."""
    if not (pa.types.is_integer(column.type) or is_text_type(column.type)):
        return False
    text = column.drop_null().cast(pa.string())
    text = text.filter(pc.invert(is_missing_text(text)))
    days = pc.match_substring_regex(text, r"^\s*(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\s*$")
    return bool(pc.all(days).as_py()) and pc.count_distinct(text).as_py() >= _FEWEST


def instants(column: pa.ChunkedArray, written: str) -> pa.ChunkedArray:
    """Return `column` as timestamps in UTC, microseconds; a cell that is no date as `written` becomes null."""
    if pa.types.is_temporal(column.type):
        return _plain(column)
    import pandas as pd

    text = pc.utf8_trim_whitespace(column.cast(pa.string())).to_pandas()
    if written == ISO:
        text = text.str.replace(_UTC, "Z", regex=True)
    text = text.str.replace(_WEEKDAY, "", regex=True)
    if "%b" in written:
        # March, Sept. and aug are Mar, Sep and Aug.
        text = text.str.replace(_MONTH, lambda name: name[0][:3].title(), regex=True)
    kind = "ISO8601" if written in (ISO, TYPED) else written
    found = pd.to_datetime(text, format=kind, errors="coerce", utc=True)
    return pa.chunked_array([pa.array(found.dt.tz_localize(None).astype("datetime64[us]"), pa.timestamp("us"))])


def first_of(dates: pa.ChunkedArray) -> str:
    """Return the earliest day of `dates`, as ISO writes it."""
    earliest = pc.min(dates).as_py()
    return "1970-01-01" if earliest is None else str(earliest.date().isoformat())


def part_of(dates: pa.ChunkedArray, part: str, origin: str) -> pa.ChunkedArray:
    """Return one of `PARTS` of each date, float64; `origin` is the day that ``elapsed days`` count from."""
    if part == "hour":
        day = pc.floor_temporal(dates, unit="day")
        return _microseconds(dates, day, 3600)
    if part == "elapsed days":
        start = pa.scalar(datetime.fromisoformat(origin), pa.timestamp("us"))
        return _microseconds(dates, start, 86400)
    found = {"year": pc.year, "month": pc.month, "day": pc.day, "weekday": pc.day_of_week}[part](dates)
    return found.cast(pa.float64())


def _microseconds(dates: pa.ChunkedArray, start: pa.Scalar | pa.ChunkedArray, seconds: int) -> pa.ChunkedArray:
    passed = pc.subtract(dates.cast(pa.int64()), start.cast(pa.int64()))
    return pc.divide(passed.cast(pa.float64(), safe=False), float(seconds * 1_000_000))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type) and column.type.tz:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
        column = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit))
    return column.cast(pa.timestamp("us"), safe=False)


def _tried(sample: Sequence[str]) -> list[str]:
    """Return the formats that most of `sample` follow, the best ones only."""
    column = pa.chunked_array([pa.array(sample, pa.string())])
    digits = not any(re.search("[A-Za-z]{3}", text) for text in sample)
    dates = [one for one in (*_DAY_FIRST, *_MONTH_FIRST, *_PLAIN) if digits != ("%b" in one)]
    marks = {mark for mark in "/-. " if any(mark in text for text in sample)}
    dates = [one for one in dates if set(one) & set("/-. ") <= marks]
    times = [one for one in _TIMES if bool(one) == any(":" in text for text in sample)]
    found = {day + time: len(sample) - instants(column, day + time).null_count for day in dates for time in times}
    most = max(found.values(), default=0)
    return [one for one, count in found.items() if count == most and count >= ENOUGH * len(sample)]


def _checked(present: pa.ChunkedArray, formats: Sequence[str]) -> str | None:
    """Return the one format that `present` follows; empty where several do and tell different dates."""
    read = {one: instants(present, one) for one in formats}
    fewest = min((dates.null_count for dates in read.values()), default=len(present))
    if not read or (fewest > (1 - ENOUGH) * len(present) and not (fewest == 1 and len(present) > 10)):
        return None
    best = [one for one, dates in read.items() if dates.null_count == fewest]
    first = read[best[0]]
    return best[0] if all(read[other].equals(first) for other in best[1:]) else ""
