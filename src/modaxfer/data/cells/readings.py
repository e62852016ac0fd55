"""What the cells of a table column mean: numbers, categories or dates; kept with the model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modaxfer.data.cells import dates
from modaxfer.data.cells.numerals import Numerals, is_missing_text, is_text_type, parse

__all__ = ["Reading", "is_clock_type", "is_number_type", "present_text"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one column of a file becomes one column of the model; plain JSON types throughout (`to_dict`)."""

    kind: str
    """``number`` (float64), ``category`` (text) or ``date`` (float64: one `part` of it)."""
    column: str
    """Column of the file."""
    numerals: Numerals = field(default_factory=Numerals)
    """How numbers are written."""
    written: str = ""
    """Format of a date, see `modaxfer.data.cells.dates.find_format`."""
    part: str = ""
    """Which number is made of a date, one of `modaxfer.data.cells.dates.PARTS`."""
    origin: str = ""
    """Day that elapsed days count from, as ISO writes it."""
    levels: tuple[str, ...] = ()
    """Categories of the training rows; empty where they are not known."""

    @classmethod
    def of(cls, name: str, saved: Any) -> Reading:
        """Return what `saved` describes: a reading, `to_dict` of one, or only ``number`` or ``category``."""
        if isinstance(saved, Reading):
            return saved
        if isinstance(saved, str):
            return cls(kind=saved, column=name)
        numerals = dict(saved["numerals"])
        numerals["affixes"] = tuple(numerals["affixes"])
        return cls(**{**saved, "numerals": Numerals(**numerals), "levels": tuple(saved["levels"])})

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types for the run's folder."""
        return asdict(self)

    def with_levels(self, values: Iterable[str | None]) -> Reading:
        """Return this reading of a category, with the `values` of the training rows as its levels."""
        return replace(self, levels=tuple(sorted({value for value in values if value is not None})))

    def read(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return the cells as the model takes them: float64, or text for a category; what cannot be read is null."""
        if self.kind == "date":
            return dates.part_of(dates.instants(column, self.written), self.part, self.origin)
        if self.kind == "number":
            return self._numbers(column)
        return self._categories(column)

    def strange(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """Return bool ``[rows]``: whether a cell has a value that cannot be read, or a category that train lacks."""
        read = self.read(column)
        if self.kind != "category":
            return pc.and_(pc.invert(_is_missing(column)), pc.is_null(read))
        known = pa.array(self.levels, pa.string()) if self.levels else read.unique()
        return pc.and_(pc.is_valid(read), pc.invert(pc.is_in(read, known)))

    def _numbers(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        if is_text_type(column.type):
            return parse(column, self.numerals)
        if is_clock_type(column.type):
            return _hours(column)
        if not is_number_type(column.type):
            return pa.chunked_array([pa.nulls(len(column), pa.float64())])
        values = column.cast(pa.float64(), safe=False)
        return pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)

    def _categories(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        text = pc.utf8_normalize(pc.utf8_trim_whitespace(column.cast(pa.string())), form="NFC")
        if not pa.types.is_boolean(column.type):
            return text
        for level in self.levels:
            # JSON writes true where csv has True.
            if level.lower() in ("true", "false"):
                text = pc.if_else(pc.equal(text, level.lower()), level, text)
        return text


def is_number_type(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds numbers, or truth values, or nothing at all."""
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_null)
    return any(test(kind) for test in tests)


def is_clock_type(kind: pa.DataType) -> bool:
    """Tell whether a column of this type holds times of day or lengths of time."""
    return bool(pa.types.is_time(kind) or pa.types.is_duration(kind))


def present_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the cells of a text column that have a value."""
    return column.filter(pc.invert(is_missing_text(column)))


def _hours(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = pa.duration("us") if pa.types.is_duration(column.type) else pa.time64("us")
    ticks = column.cast(kind, safe=False).cast(pa.int64())
    return pc.divide(ticks.cast(pa.float64(), safe=False), 3600e6)


def _is_missing(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if is_text_type(column.type):
        return is_missing_text(column.cast(pa.string()))
    if pa.types.is_floating(column.type):
        return pc.or_(pc.is_null(column), pc.fill_null(pc.is_nan(column), True))
    return pc.is_null(column)
